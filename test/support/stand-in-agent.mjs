// A program with a composer that stands in for an agent in a pane: it reports its turns by the hooks, as a runtime's settings would have
// them called, and writes down what it read.
//
//   node stand-in-agent.mjs <anode.cjs> <log> <session id> [backend]
//
// A line is a prompt. `/dialog` opens a dialog, `/note` says that nobody types, `/hold` makes the next turn last until `/go`,
// `/clear` begins another session, `/exit` ends the session and the program.
import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";

const [program, log, firstSession, backend = "claude-code"] = process.argv.slice(2);
let session_id = firstSession;
let isHeld = false;
let turn = 0;
let afterTurn = () => {};

const note = (entry) => appendFileSync(log, `${JSON.stringify(entry)}\n`);

function hook(name, told) {
  const input = JSON.stringify({ session_id, cwd: process.cwd(), ...told });
  const { status, stdout, stderr } = spawnSync(
    "/bin/sh",
    ["-c", `'${process.execPath}' '${program}' hook ${name} --backend ${backend} || true`],
    {
      input,
      encoding: "utf8",
    },
  );
  note({ hook: name, status, stdout, stderr });
  return stdout.trim() === "" ? {} : JSON.parse(stdout);
}

function end(stop_hook_active) {
  const { decision, reason } = hook("stop", {
    hook_event_name: "Stop",
    prompt_id: `turn-${turn}`,
    stop_hook_active,
    last_assistant_message: `did ${turn}`,
  });
  if (decision !== "block") return note({ idle: turn });
  note({ read: reason, by: "stop" });
  end(true);
}

function prompted(text) {
  turn += 1;
  hook("prompt", { hook_event_name: "UserPromptSubmit", prompt_id: `turn-${turn}`, prompt: text });
  note({ read: text, by: "composer" });
  if (!isHeld) return end(false);
  note({ held: turn });
  afterTurn = () => end(false);
}

const commands = {
  "/dialog": () => hook("notification", { hook_event_name: "Notification", notification_type: "permission_prompt" }),
  "/note": () => hook("notification", { hook_event_name: "Notification", notification_type: "idle_prompt" }),
  "/hold": () => {
    isHeld = true;
  },
  "/go": () => {
    isHeld = false;
    afterTurn();
  },
  "/clear": () => {
    hook("session-end", { hook_event_name: "SessionEnd", reason: "clear" });
    session_id = `${session_id}-next`;
    hook("session", { hook_event_name: "SessionStart", source: "clear" });
  },
  "/exit": () => {
    hook("session-end", { hook_event_name: "SessionEnd", reason: "prompt_input_exit" });
    process.exit(0);
  },
};

process.stdin.setRawMode(true);
process.stdout.write("\u001b[?2004h> ");
let composer = "";
let isPasting = false;
process.stdin.setEncoding("utf8").on("data", (data) => {
  for (const piece of data.split(/(\u001b\[20[01]~)/)) {
    if (piece === "\u001b[200~") isPasting = true;
    else if (piece === "\u001b[201~") isPasting = false;
    else if (isPasting) composer += piece.replaceAll("\r", "\n");
    else
      for (const key of piece) {
        if (key !== "\r") {
          composer += key;
          continue;
        }
        const text = composer;
        composer = "";
        note({ enter: text });
        if (Object.hasOwn(commands, text)) commands[text]();
        else if (text !== "") prompted(text);
      }
  }
});
hook("session", { hook_event_name: "SessionStart", source: "startup", model: "stand-in-1" });
note({ ready: process.pid });
