import type { CommandName } from "./command-table.js";

/** What is known of a flag. */
export interface Flag {
  /** `switch` takes no value; `text` any but a blank one; `any` a blank one too; `count` a whole number from 0; `integer` a whole number. */
  readonly kind: "switch" | "text" | "any" | "count" | "integer";
  /** The commands that accept it. */
  readonly on: readonly CommandName[] | "every";
  /** How it is typed, where another flag of that name is on other commands. @defaultValue its own name */
  readonly spelled?: string;
  /** May be given more than once. */
  readonly repeat?: true;
  /** What the value is, for help. */
  readonly value?: string;
  readonly text: string;
  /** The same for single commands, on which it means something of their own. */
  readonly texts?: { readonly [Name in CommandName]?: string };
}

const ofDaemon = ["daemon"] as const;
const ofStart = ["runs start"] as const;
/** `exec` is another name of `execute`. */
const ofExecute = ["execute", "exec"] as const;
const ofAgent = [...ofExecute, "review", ...ofStart] as const;
const ofTask = [...ofExecute, ...ofStart] as const;
const ofStream = [...ofExecute, "review", "attach"] as const;
const ofHooks = [
  "hook pretooluse",
  "hook session",
  "hook prompt",
  "hook stop",
  "hook notification",
  "hook session-end",
  "hook ws",
] as const;
const ofInstall = ["hooks install", "hooks status", "hooks uninstall"] as const;
const everyRun = ["runs list", "runs start", "runs show", "runs cancel", "runs wait", "runs answer", "runs input"] as const;
const everyAttachment = ["attachments put", "attachments get", "attachments list", "attachments remove"] as const;

const everyPeer = [
  "peers list",
  "peers show",
  "peers register",
  "peers remove",
  "peers describe",
  "peers touch",
  "peers whoami",
  "peers asks",
] as const;
const namedPeer = ["peers show", "peers remove", "peers touch"] as const;
const ofSending = ["ask", "notify", "broadcast"] as const;
const attaching = [...ofSending, "ack"] as const;
const everyMesh = [
  ...everyPeer,
  ...ofSending,
  "ack",
  "decline",
  "inbox",
  "messages show",
  "trace",
  "link",
  "rehook",
  "questions",
  "answer",
] as const;

const table = {
  addr: {
    kind: "text",
    on: ofDaemon,
    repeat: true,
    value: "address",
    text: "Open exactly this: host:port, :port or a socket path; may be repeated",
  },
  port: { kind: "count", on: ofDaemon, value: "n", text: "TCP port on 127.0.0.1" },
  "no-tcp": { kind: "switch", on: ofDaemon, text: "Open the Unix socket only" },
  "dangerously-allow-remote": { kind: "switch", on: ofDaemon, text: "Allow addresses that other machines can reach" },
  detach: { kind: "switch", on: ofDaemon, text: "Return when the daemon is ready" },
  store: { kind: "text", on: ofDaemon, value: "store", text: "memory or sqlite:<path>" },
  "log-level": { kind: "text", on: ofDaemon, value: "level", text: "debug, info, warn or error" },

  profile: { kind: "text", on: [...ofAgent, "tools", "acp"], value: "name", text: "Profile of the run" },
  model: { kind: "any", on: ofAgent, value: "provider/model", text: "Model of the run" },
  "max-turns": { kind: "count", on: ofAgent, value: "n", text: "Most turns; 0 is the profile's" },
  approval: { kind: "any", on: ofAgent, value: "mode", text: "ask, auto, unrestricted or yolo" },
  gate: { kind: "switch", on: ["hooks install"], spelled: "approval", text: "Ask for approval before tools run, too" },
  "run-label": { kind: "text", on: ofTask, value: "label", text: "Label of the run" },
  cwd: { kind: "text", on: ofTask, value: "folder", text: "Folder the run works in" },
  session: { kind: "text", on: ofTask, value: "id", text: "Thread to go on with" },
  "allow-tool": {
    kind: "text",
    on: ofExecute,
    repeat: true,
    value: "tools",
    text: "Comma list of tools, names or globs, that the run may use of its profile's; may be repeated",
  },
  command: { kind: "text", on: ofStart, value: "name", text: "Run a command of the configuration" },
  exec: { kind: "switch", on: ofStart, text: "Run the words after -- as a command" },
  parent: { kind: "text", on: ofStart, value: "run-id", text: "Parent run" },
  "cancel-policy": { kind: "text", on: ofStart, value: "policy", text: "cascade or detach, when the parent ends" },
  key: { kind: "text", on: ofStart, value: "key", text: "Fairness key of the queue" },
  priority: { kind: "integer", on: ofStart, value: "n", text: "-100 to 100" },
  budget: { kind: "text", on: ofStart, repeat: true, value: "name=n", text: "wall_ms, tokens, cost_usd, events or bytes; may be repeated" },
  "approval-timeout-ms": { kind: "count", on: ofStart, value: "ms", text: "Time a question of the run stays open" },
  unattended: { kind: "text", on: ofStart, value: "policy", text: "wait or deny, when nobody is there to approve" },
  "keep-open": { kind: "switch", on: ofStart, text: "Stay open for input after the task" },
  "idempotency-key": { kind: "text", on: ofStart, value: "key", text: "The same key starts the run once" },
  attach: { kind: "switch", on: ofStart, text: "Follow the run to its end" },
  "no-spawn": { kind: "switch", on: ["runs start", "acp"], text: "Do not start a daemon" },
  "no-daemon": { kind: "switch", on: ["acp"], text: "Hold the runs in this process" },

  limit: { kind: "count", on: ["runs list", "attachments list"], value: "n", text: "At most n of them; 0 is all (default 100)" },
  status: {
    kind: "text",
    on: ["runs list", "peers list"],
    value: "statuses",
    text: "Comma list of statuses, active or terminal",
    texts: { "peers list": "online (busy ones too), busy or offline" },
  },
  origin: { kind: "text", on: ["runs list"], value: "origins", text: "Comma list of origins" },
  cursor: { kind: "text", on: ["runs list", "attachments list"], value: "cursor", text: "Go on where a page ended" },
  reason: { kind: "text", on: ["runs cancel"], value: "text", text: "Why" },
  "timeout-ms": { kind: "count", on: ["runs wait", "ask"], value: "ms", text: "Longest wait; then exit 7" },
  text: { kind: "text", on: ["runs answer"], value: "text", text: "Answer of a text question" },
  message: { kind: "text", on: ["runs answer", "answer"], value: "text", text: "What the asker is told besides" },
  option: { kind: "text", on: ["answer"], value: "id", text: "Choose this option" },
  deny: { kind: "switch", on: ["answer"], text: "Deny, whatever was asked" },
  ack: { kind: "switch", on: ["answer"], text: "Say that it was read, and no more" },
  list: { kind: "switch", on: ["runs answer", "mcp trust", "mcp approve"], text: "List open questions, or trusted workspaces" },
  remove: { kind: "switch", on: ["mcp trust", "mcp approve"], text: "Take the trust back" },
  steer: { kind: "switch", on: ["runs input"], text: "Deliver at the next step" },

  "stream-json": { kind: "switch", on: ofStream, text: "Print the events as JSON lines" },
  "stream-json-input": { kind: "switch", on: ofExecute, text: "Read follow-up input as JSON lines; needs --stream-json" },
  archive: { kind: "switch", on: ofExecute, text: "Archive the run's thread when it has ended" },
  stats: { kind: "switch", on: ofExecute, text: "Tell turns, time, tokens and cost at the end" },
  base: { kind: "text", on: ["review"], value: "ref", text: "Review what changed since the merge base with this ref, too" },
  checks: { kind: "switch", on: ["review"], text: "Run the checks of .agents/checks that fit what changed" },
  previews: { kind: "switch", on: [...ofExecute, "attach"], text: "Print growing texts too; needs --stream-json" },
  after: { kind: "count", on: ["attach", "events"], value: "seq", text: "Begin after this event" },
  tail: { kind: "count", on: ["events"], value: "n", text: "Begin with the last n events (default 100)" },
  types: { kind: "text", on: ["events"], repeat: true, value: "types", text: "Comma list of the types to show; may be repeated" },
  follow: { kind: "switch", on: ["events", "questions", "inbox", "trace"], text: "Go on with what happens from now on" },

  circle: {
    kind: "text",
    on: ["peers list", ...namedPeer, "peers register", ...ofSending, "link", "rehook", "doctor"],
    value: "circle",
    text: "Circle in which the peer is looked for (default your own, then all that you reach)",
    texts: {
      "peers list": "Peers of this circle, and those that every circle reaches",
      "peers register": "Circle that it joins (default default)",
      broadcast: "Tell this circle instead of the sender's own; '*' is all",
      link: "Circle that it joins (default the name of its tmux session)",
    },
  },
  backend: {
    kind: "text",
    on: ["peers list", "peers register", "link", ...ofHooks],
    value: "backend",
    text: "The agent's runtime: claude-code, codex, gemini or opencode",
    texts: {
      "peers list": "Peers of this backend: claude-code, codex, gemini, opencode, acp, run, human or service",
      "peers register": "How messages reach it: claude-code, codex, gemini, opencode, acp, run, human or service (default service)",
    },
  },
  all: { kind: "switch", on: ["peers list"], text: "List peers that are offline too" },
  name: {
    kind: "text",
    on: ["peers register", "link", "attachments put"],
    value: "name",
    text: "Name that others call it by",
    texts: { "attachments put": "Name of the attachment, instead of the file's" },
  },
  file: { kind: "text", on: attaching, spelled: "attach", repeat: true, value: "file", text: "Attach a file; may be repeated" },
  path: { kind: "text", on: ["peers register"], value: "folder", text: "Folder it works in" },
  role: { kind: "text", on: ["peers register"], value: "role", text: "agent, service, orchestrator or human" },
  run: {
    kind: "text",
    on: ["peers register", "questions"],
    value: "run-id",
    text: "The run that the peer is",
    texts: { questions: "Only what this run asks" },
  },
  tree: { kind: "switch", on: ["questions"], text: "Those of the runs below it too; needs --run" },
  direction: { kind: "text", on: ["peers asks"], value: "direction", text: "inbound, outbound or both (default inbound)" },
  "reply-to": { kind: "text", on: ["ask"], value: "id", text: "Take the place of this ask" },
  wait: { kind: "switch", on: ["ask"], text: "Wait for the reply; its text is printed" },
  queue: { kind: "switch", on: ["ask"], text: "Let the ask wait when the peer is offline" },
  exclude: { kind: "text", on: ["broadcast"], repeat: true, value: "peer", text: "Leave this peer out; may be repeated" },
  apply: { kind: "switch", on: ["rehook"], text: "Do it" },
  fix: { kind: "switch", on: ["doctor"], text: "Give a peer its hook back, where that is what it lacks" },
  peer: { kind: "text", on: ["inbox"], value: "peer", text: "Whose inbox (default your own)" },
  confirm: { kind: "switch", on: ["inbox"], text: "Confirm what is shown: it is not shown again" },
  from: { kind: "text", on: [...ofSending, "ack"], value: "peer", text: "Send as this peer (default the caller's own, else human)" },
  pane: { kind: "text", on: ["hook ws"], value: "pane", text: "Pane of the peer, as tmux names it" },
  "dry-run": { kind: "switch", on: ["hooks install", "hooks uninstall"], text: "Show what would change, and change nothing" },

  print: { kind: "switch", on: ["dashboard"], text: "Print the address, and open nothing" },
  resume: { kind: "switch", on: ["doctor"], text: "Let runs start again after a pause" },
  deep: { kind: "switch", on: ["doctor"], text: "Check every page of the store" },
  scope: {
    kind: "text",
    on: ["token create", "questions", ...ofInstall],
    repeat: true,
    value: "scope",
    text: "user or project: whose settings (default user)",
    texts: {
      "token create": "Comma list of read, control, approve, admin",
      questions: "tool_permission, user_question or mesh_ask",
    },
  },
  label: { kind: "text", on: ["token create"], value: "label", text: "Label of the token" },
  "ttl-ms": { kind: "count", on: ["token create"], value: "ms", text: "Life of the token" },
  output: { kind: "text", on: ["attachments get"], value: "path", text: "File or folder to write to, instead of the current folder" },
  out: { kind: "text", on: ["openapi"], value: "file", text: "Write to a file" },

  daemon: {
    kind: "text",
    on: [
      "status",
      "dashboard",
      ...everyRun,
      ...everyMesh,
      ...everyAttachment,
      "attach",
      "events",
      "hook pretooluse",
      "acp",
      "doctor",
      "token create",
      "token list",
      "token revoke",
    ],
    value: "address",
    text: "The daemon to talk to",
  },
  json: {
    kind: "switch",
    on: [
      "status",
      ...everyRun,
      ...everyAttachment,
      ...everyMesh,
      "events",
      "doctor",
      "token create",
      "token list",
      "tools",
      "config list",
      "config doctor",
      "hooks status",
    ],
    text: "Print JSON",
  },
  help: { kind: "switch", on: "every", text: "Show what a command does and takes" },
  version: { kind: "switch", on: "every", text: "Show the version" },
  "no-color": { kind: "switch", on: "every", text: "No color" },
  raw: { kind: "switch", on: "every", text: "Do not escape control characters in text" },
  quiet: { kind: "switch", on: "every", text: "Say errors only" },
} as const satisfies Record<string, Flag>;

/** Name of a flag without its dashes. */
export type FlagName = keyof typeof table;

/** Every flag of every command. */
export const flagTable: Readonly<Record<FlagName, Flag>> = table;

/** The names of all flags. */
export const flagNames = Object.keys(table) as FlagName[];

/** One-letter forms. */
export const shortFlags: Readonly<Record<string, FlagName>> = { h: "help", v: "version" };

/** What is typed for a flag, without its dashes. */
export function spellingOf(name: FlagName): string {
  return flagTable[name].spelled ?? name;
}

/** The flag that is typed like this with the command; of two, the one that the command takes. */
export function flagTyped(spelling: string, command: CommandName | undefined): FlagName | undefined {
  const named = flagNames.filter((name) => spellingOf(name) === spelling);
  return named.find((name) => command !== undefined && accepts(command, name)) ?? named[0];
}

/** True when the command accepts the flag. */
export function accepts(command: CommandName, name: FlagName): boolean {
  const { on } = flagTable[name];
  return on === "every" || on.includes(command);
}

/** The flags a command accepts, in the order of the table. */
export function flagsOf(command: CommandName): FlagName[] {
  return flagNames.filter((name) => accepts(command, name));
}
