import { join } from "node:path";
import { userHome } from "../../../lib/node/home-folder.js";
import type { Context } from "../context.js";
import type { HookEntry } from "./hook-entries.js";
import { pluginText } from "./opencode-plugin.js";
import type { SettingsRequest } from "./settings-request.js";

/** Whose settings: the user's own, or those of the project in this folder, which are for this user alone where the runtime has such. */
export type SettingsScope = "user" | "project";

/** Settings in which the hooks are entries among others, or a file that is the hook. */
export type RuntimeSettings = {
  path(context: Pick<Context, "env" | "cwd">, scope: SettingsScope): string;
} & (
  | { readonly kind: "entries"; entries(request: SettingsRequest): readonly HookEntry[] }
  | { readonly kind: "file"; text(request: SettingsRequest): string }
);

const hookSeconds = 10;
/** Beyond the wait for an answer: what a runtime kills counts as allowed. */
const graceMs = 30_000;
const waitCapMs = 55_000;

/** By the name of the backend. */
export const runtimeSettings: Readonly<Record<string, RuntimeSettings>> = {
  "claude-code": {
    kind: "entries",
    // In a project those that are not shared: others have no such program.
    path: (context, scope) =>
      scope === "project"
        ? join(context.cwd, ".claude/settings.local.json")
        : join(context.env["CLAUDE_CONFIG_DIR"] || join(userHome(context.env), ".claude"), "settings.json"),
    entries: (request) =>
      entriesFor(request, {
        backend: "claude-code",
        events: {
          SessionStart: "session",
          UserPromptSubmit: "prompt",
          Stop: "stop",
          StopFailure: "stop",
          Notification: "notification",
          SessionEnd: "session-end",
        },
        approvalEvent: "PreToolUse",
        approvalMore: { onFailure: "block" },
        unitMs: 1_000,
      }),
  },
  codex: {
    kind: "entries",
    path: (context, scope) =>
      join(
        scope === "project" ? join(context.cwd, ".codex") : context.env["CODEX_HOME"] || join(userHome(context.env), ".codex"),
        "hooks.json",
      ),
    entries: (request) =>
      entriesFor(request, {
        backend: "codex",
        events: { SessionStart: "session", UserPromptSubmit: "prompt", Stop: "stop" },
        approvalEvent: "PreToolUse",
        unitMs: 1_000,
      }),
  },
  gemini: {
    kind: "entries",
    path: (context, scope) => join(scope === "project" ? context.cwd : userHome(context.env), ".gemini/settings.json"),
    entries: (request) =>
      entriesFor(request, {
        backend: "gemini",
        events: {
          SessionStart: "session",
          BeforeAgent: "prompt",
          AfterAgent: "stop",
          Notification: "notification",
          SessionEnd: "session-end",
        },
        approvalEvent: "BeforeTool",
        unitMs: 1,
      }),
  },
  opencode: {
    kind: "file",
    path: (context, scope) =>
      scope === "project"
        ? join(context.cwd, ".opencode/plugin/anode.js")
        : join(context.env["XDG_CONFIG_HOME"] || join(userHome(context.env), ".config"), "opencode/plugin/anode.js"),
    text: pluginText,
  },
};

interface Dialect {
  readonly backend: string;
  /** The hook of each event. */
  readonly events: Readonly<Record<string, string>>;
  readonly approvalEvent: string;
  readonly approvalMore?: Readonly<Record<string, unknown>>;
  /** Milliseconds of the unit in which the runtime counts time-outs. */
  readonly unitMs: number;
}

function entriesFor({ node, program, approval }: SettingsRequest, dialect: Dialect): HookEntry[] {
  const { backend, events, approvalEvent, approvalMore, unitMs } = dialect;
  const call = (hook: string): string => `${quoted(node)} ${quoted(program)} hook ${hook} --backend ${backend}`;
  const reports = Object.entries(events).map(([event, hook]) => ({
    event,
    // What does not start must not hold a turn: a misuse ends with the code that would.
    command: `${call(hook)} || true`,
    timeout: (hookSeconds * 1_000) / unitMs,
  }));
  if (!approval) return reports;
  const asks: HookEntry = {
    event: approvalEvent,
    matcher: approval.gatedTools.map(matcherOf).join("|"),
    // A program that is missing or crashes denies, too.
    command: `${call("pretooluse")} || exit 2`,
    timeout: Math.ceil((Math.max(approval.waitMs, waitCapMs) + graceMs) / unitMs),
    ...(approvalMore && { more: approvalMore }),
  };
  return [...reports, asks];
}

/** Runtimes match by regular expressions. */
function matcherOf(glob: string): string {
  return glob
    .split("*")
    .map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&"))
    .join(".*");
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
