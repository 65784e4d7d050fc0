import { version } from "../../lib/version.js";
import type { CommandLine } from "./command-line.js";
import type { CommandName } from "./command-table.js";
import type { Command, Context } from "./context.js";
import { exitOfError } from "./exit-code.js";

/** Where each command lives; loaded when it is called. */
const modules: Readonly<Record<CommandName, () => Promise<{ readonly run: Command }>>> = {
  daemon: () => import("./commands/daemon.js"),
  "daemon stop": () => import("./commands/daemon-stop.js"),
  status: () => import("./commands/status.js"),
  dashboard: () => import("./commands/dashboard.js"),
  "runs list": () => import("./commands/runs-list.js"),
  "runs start": () => import("./commands/runs-start.js"),
  "runs show": () => import("./commands/runs-show.js"),
  "runs cancel": () => import("./commands/runs-cancel.js"),
  "runs wait": () => import("./commands/runs-wait.js"),
  "runs answer": () => import("./commands/runs-answer.js"),
  "runs input": () => import("./commands/runs-input.js"),
  questions: () => import("./commands/questions.js"),
  answer: () => import("./commands/answer.js"),
  attach: () => import("./commands/attach.js"),
  events: () => import("./commands/events.js"),
  "peers list": () => import("./commands/peers-list.js"),
  "peers show": () => import("./commands/peers-show.js"),
  "peers register": () => import("./commands/peers-register.js"),
  "peers remove": () => import("./commands/peers-remove.js"),
  "peers describe": () => import("./commands/peers-describe.js"),
  "peers touch": () => import("./commands/peers-touch.js"),
  "peers whoami": () => import("./commands/peers-whoami.js"),
  "peers asks": () => import("./commands/peers-asks.js"),
  ask: () => import("./commands/ask.js"),
  ack: () => import("./commands/ack.js"),
  decline: () => import("./commands/decline.js"),
  notify: () => import("./commands/notify.js"),
  broadcast: () => import("./commands/broadcast.js"),
  inbox: () => import("./commands/inbox.js"),
  "messages show": () => import("./commands/messages-show.js"),
  link: () => import("./commands/link.js"),
  rehook: () => import("./commands/rehook.js"),
  trace: () => import("./commands/trace.js"),
  "attachments put": () => import("./commands/attachments-put.js"),
  "attachments get": () => import("./commands/attachments-get.js"),
  "attachments list": () => import("./commands/attachments-list.js"),
  "attachments remove": () => import("./commands/attachments-remove.js"),
  execute: () => import("./commands/execute.js"),
  exec: () => import("./commands/exec.js"),
  review: () => import("./commands/review.js"),
  tools: () => import("./commands/tools.js"),
  doctor: () => import("./commands/doctor.js"),
  "config list": () => import("./commands/config-list.js"),
  "config path": () => import("./commands/config-path.js"),
  "config doctor": () => import("./commands/config-doctor.js"),
  openapi: () => import("./commands/openapi.js"),
  "token show": () => import("./commands/token-show.js"),
  "token rotate": () => import("./commands/token-rotate.js"),
  "token create": () => import("./commands/token-create.js"),
  "token list": () => import("./commands/token-list.js"),
  "token revoke": () => import("./commands/token-revoke.js"),
  "hook pretooluse": () => import("./commands/hook-pretooluse.js"),
  "hook session": () => import("./commands/hook-session.js"),
  "hook prompt": () => import("./commands/hook-prompt.js"),
  "hook stop": () => import("./commands/hook-stop.js"),
  "hook notification": () => import("./commands/hook-notification.js"),
  "hook session-end": () => import("./commands/hook-session-end.js"),
  "hook ws": () => import("./commands/hook-ws.js"),
  "hooks install": () => import("./commands/hooks-install.js"),
  "hooks status": () => import("./commands/hooks-status.js"),
  "hooks uninstall": () => import("./commands/hooks-uninstall.js"),
  acp: () => import("./commands/acp.js"),
  mcp: () => import("./commands/mcp.js"),
  "mcp trust": () => import("./commands/mcp-trust.js"),
  "mcp approve": () => import("./commands/mcp-approve.js"),
};
const usageExit = 2;

/** Runs a command that was typed. Never rejects; resolves to the exit code. */
export async function runProgram(line: CommandLine, context: Context): Promise<number> {
  const { output } = context;
  try {
    if (line.has("version")) {
      output.data(`${version}\n`);
      return 0;
    }
    if (line.has("help") || line.command === undefined) {
      const { showHelp } = await import("./help.js");
      showHelp(line.command, line.words[0]);
      return line.has("help") ? 0 : usageExit;
    }
    const { run } = await modules[line.command]();
    return await run(line, context);
  } catch (error) {
    output.fail(error);
    return exitOfError(error);
  }
}
