/** What is known of a command without loading it. */
export interface CommandEntry {
  /** Its words: `<required>`, `[optional]`, `[any...]` number of them. */
  readonly words: string;
  readonly summary: string;
  /** What a person can type, without the name of the program. */
  readonly examples: readonly string[];
}

const hookEntry = <Event extends string>(event: Event, summary: string) => ({
  words: "",
  summary,
  examples: [`hook ${event} --backend claude-code`],
});

const table = {
  daemon: {
    words: "",
    summary: "Run the daemon in the foreground",
    examples: ["daemon", "daemon --addr 127.0.0.1:7433", "daemon --addr /tmp/anode.sock", "daemon --detach"],
  },
  "daemon stop": { words: "", summary: "Stop the daemon and wait until it is gone", examples: ["daemon stop"] },
  status: { words: "", summary: "Show the daemon: addresses, version, counts, store", examples: ["status", "status --json"] },
  dashboard: {
    words: "",
    summary: "Open the dashboard in a browser, logged in by a code that is good for one minute and one use",
    examples: ["dashboard", "dashboard --print", "dashboard --daemon 127.0.0.1:7433"],
  },
  "runs list": {
    words: "",
    summary: "List runs, newest first",
    examples: ["runs list --limit 10", "runs list --status active", "runs list --daemon 127.0.0.1:7433"],
  },
  "runs start": {
    words: "[prompt...]",
    summary: "Start a run in the background and print its id; starts the daemon if there is none",
    examples: [
      'runs start "investigate flaky tests"',
      'runs start --profile study --model openai/gpt-5.5 --max-turns 10 --approval auto "summarize failures"',
      "runs start --exec -- npm test",
      "runs start --command nightly --attach",
    ],
  },
  "runs show": { words: "<id>", summary: "Show the summary of a run", examples: ["runs show R-1760000000000000000_1"] },
  "runs cancel": {
    words: "<id> [ids...]",
    summary: "Cancel runs and wait until they have ended",
    examples: ['runs cancel R-1760000000000000000_1 --reason "not needed"'],
  },
  "runs wait": {
    words: "<id>",
    summary: "Wait until a run has ended; the exit code tells how",
    examples: ["runs wait R-1760000000000000000_1 --timeout-ms 60000"],
  },
  "runs answer": {
    words: "[id] [question_id] [option]",
    summary: "Answer a question of a run: an option, y, n, or --text",
    examples: [
      "runs answer R-1760000000000000000_1 y",
      "runs answer R-1760000000000000000_1 Q-1760000000000000000_1 deny",
      'runs answer R-1760000000000000000_1 --text "the blue one"',
      "runs answer --list",
    ],
  },
  "runs input": {
    words: "<id> <text> [more...]",
    summary: "Hand follow-up input to a run",
    examples: ['runs input R-1760000000000000000_1 "also check the docs" --steer'],
  },
  questions: {
    words: "",
    summary: "List what waits for an answer; with --follow ask the person at this terminal, who is then an approver",
    examples: ["questions", "questions --scope tool_permission", "questions --run R-1760000000000000000_1 --tree", "questions --follow"],
  },
  answer: {
    words: "<id> [text...]",
    summary: "Answer a question, whoever asks it: with an option, y, n, a text, or a flag",
    examples: [
      "answer Q-1760000000000000000_1 y",
      'answer Q-1760000000000000000_1 --deny --message "not on a Friday"',
      'answer ask-0123456789abcdef "the blue one"',
    ],
  },
  attach: {
    words: "<id>",
    summary: "Replay a run, then follow it to its end; in a terminal also answer its questions",
    examples: ["attach R-1760000000000000000_1", "attach --stream-json R-1760000000000000000_1"],
  },
  events: {
    words: "",
    summary: "Show what happens in the daemon: statuses of runs, questions, peers",
    examples: [
      "events --tail 20",
      "events --follow",
      "events --types question.asked,question.closed --json",
      "events --after 1200 --follow",
    ],
  },
  "peers list": {
    words: "",
    summary: "List the peers that are there, newest first; --all lists those that are offline too",
    examples: ["peers list", "peers list --all --circle default", "peers list --backend claude-code --json"],
  },
  "peers show": { words: "<peer>", summary: "Show a peer, by its name or its id", examples: ["peers show api", "peers show human --json"] },
  "peers register": {
    words: "",
    summary: "Register a peer: something that can be asked and told, such as a service or a run; its token is shown once",
    examples: [
      "peers register --name api",
      "peers register --name docs --circle team --path .",
      "peers register --name worker --run R-1760000000000000000_1",
    ],
  },
  "peers remove": {
    words: "<peer>",
    summary: "Retire a peer for good; asks that are open to it are closed",
    examples: ["peers remove api"],
  },
  "peers describe": {
    words: "<peer> [text...]",
    summary: "Say what a peer is working on; without words take that back",
    examples: ['peers describe api "moving the tests to vitest"', "peers describe api"],
  },
  "peers touch": { words: "<peer>", summary: "Say that a peer was heard of just now", examples: ["peers touch api"] },
  "peers whoami": { words: "", summary: "Show the peer that this caller is", examples: ["peers whoami"] },
  "peers asks": {
    words: "[peer]",
    summary: "List the open asks of a peer, newest first; without a name the caller's own",
    examples: ["peers asks", "peers asks api --direction both"],
  },
  ask: {
    words: "<peer> [text...]",
    summary: "Ask a peer and print the id of the ask; with --wait wait for the reply and print that",
    examples: [
      'ask api "which port does the server use?"',
      'ask api "which port does the server use?" --wait --timeout-ms 60000',
      'ask api "and over TLS?" --from docs --queue',
    ],
  },
  ack: {
    words: "<id> [text...]",
    summary: "Close an ask, with a reply or without",
    examples: ['ack ask-0123456789abcdef "7433, see config.json"', "ack ask-0123456789abcdef"],
  },
  decline: {
    words: "<id> [text...]",
    summary: "Close an ask without doing what it asks",
    examples: ['decline ask-0123456789abcdef "not mine to decide"'],
  },
  notify: {
    words: "<peer> [text...]",
    summary: "Send a peer a message that needs no reply, and print its id",
    examples: ['notify api "the schema has changed"', 'notify api "the schema has changed" --from docs'],
  },
  broadcast: {
    words: "[text...]",
    summary: "Send a message to everybody in the sender's circle who is there",
    examples: ['broadcast "deploying in five minutes"', 'broadcast "freeze" --circle team --exclude api'],
  },
  inbox: {
    words: "",
    summary: "Show what waits for you: open asks and messages; --confirm takes the messages out of the queue",
    examples: ["inbox", "inbox --follow", "inbox --peer api --confirm"],
  },
  "messages show": {
    words: "<id>",
    summary: "Show all of a message as its reader sees it, however long it is",
    examples: ["messages show dlv-0123456789abcdef", "messages show dlv-0123456789abcdef --json"],
  },
  link: {
    words: "[pane]",
    summary: "Make a peer of the agent in a tmux pane, all of it or nothing; without a pane list those that are no peer's",
    examples: ["link", "link %7 --backend claude-code", "link 7 --backend codex --name api --circle team"],
  },
  rehook: {
    words: "<peer>",
    summary: "Say how a peer in a pane gets its hook back; with --apply do it",
    examples: ["rehook api", "rehook api --apply"],
  },
  trace: {
    words: "<id>",
    summary: "Show what was seen to happen to an ask or a message, stage by stage",
    examples: ["trace ask-0123456789abcdef", "trace dlv-0123456789abcdef --follow"],
  },
  "attachments put": {
    words: "<file>",
    summary: "Upload a file for a day and print its id; - is standard input",
    examples: ["attachments put report.md", "attachments put build.log --name log.txt", "attachments put - --name notes.txt"],
  },
  "attachments get": {
    words: "<id>",
    summary: "Download an attachment into a file and print its path; replaces no file without asking",
    examples: [
      "attachments get att-0123456789abcdef0123456789abcdef",
      "attachments get att-0123456789abcdef0123456789abcdef --output /tmp/report.md",
    ],
  },
  "attachments list": {
    words: "",
    summary: "List attachments, newest first",
    examples: ["attachments list", "attachments list --limit 10"],
  },
  "attachments remove": {
    words: "<id>",
    summary: "Remove an attachment that nothing open refers to",
    examples: ["attachments remove att-0123456789abcdef0123456789abcdef"],
  },
  execute: {
    words: "[prompt...]",
    summary: "Do one run in this process, without a daemon; the prompt is the words, else standard input",
    examples: [
      'execute "explain what this repository does"',
      'execute --approval auto --allow-tool "read,grep,bash" "run the tests and mend what fails"',
      'execute --session T-0199c7fe-a000-7000-8000-000000000000 "and now the docs"',
      'execute --stream-json --previews "summarize README.md"',
      "execute --stream-json --stream-json-input",
    ],
  },
  exec: { words: "[prompt...]", summary: "The same as execute", examples: ['exec "explain what this repository does"'] },
  review: {
    words: "[focus...]",
    summary: "Have the changes of this repository reviewed, in this process",
    examples: ["review", 'review --base main "error handling"', "review --checks"],
  },
  tools: {
    words: "",
    summary: "List the tools that a profile has here",
    examples: ["tools", "tools --profile review", "tools --json"],
  },
  doctor: {
    words: "[peer]",
    summary: "Check the host, the home folder, the store and the daemon; or a peer",
    examples: ["doctor", "doctor --deep", "doctor --resume", "doctor api", "doctor api --fix"],
  },
  "config list": { words: "", summary: "List where the configuration may lie and what is used", examples: ["config list"] },
  "config path": { words: "", summary: "Print the path of the configuration that is used", examples: ["config path"] },
  "config doctor": { words: "", summary: "Check the configuration: files, keys, references, hooks", examples: ["config doctor"] },
  openapi: { words: "", summary: "Print the OpenAPI document", examples: ["openapi --out openapi.json"] },
  "token show": { words: "", summary: "Print the token of the home folder", examples: ["token show"] },
  "token rotate": { words: "", summary: "Replace the token of the home folder", examples: ["token rotate"] },
  "token create": {
    words: "",
    summary: "Make a token and print it, this one time",
    examples: ["token create --label ci --scope read,control --ttl-ms 3600000"],
  },
  "token list": { words: "", summary: "List tokens without their secrets", examples: ["token list"] },
  "token revoke": { words: "<id>", summary: "Revoke a token", examples: ["token revoke T-1760000000000000000_1"] },
  "hook pretooluse": {
    words: "",
    summary: "Ask for approval of the tool call on standard input, for an agent's own hooks; exit 2 blocks it",
    examples: ["hook pretooluse --backend claude-code"],
  },
  "hook session": hookEntry("session", "Register the agent's session as a peer, for an agent's own hooks"),
  "hook prompt": hookEntry("prompt", "Report that the agent's turn has begun, for an agent's own hooks"),
  "hook stop": hookEntry("stop", "Report that the agent's turn has ended, and hand it what waits, for an agent's own hooks"),
  "hook notification": hookEntry("notification", "Report an open dialog or an idle composer, for an agent's own hooks"),
  "hook session-end": hookEntry("session-end", "Report that the agent's session is over, for an agent's own hooks"),
  "hook ws": {
    words: "",
    summary: "Hold the socket of the peer in a pane; started by the other hooks and by the daemon",
    examples: ["hook ws --backend claude-code --pane %7"],
  },
  "hooks install": {
    words: "<backend>",
    summary: "Put the hooks into an agent's own settings; what is there already stays as it is",
    examples: ["hooks install claude-code", "hooks install claude-code --approval", "hooks install codex --scope project --dry-run"],
  },
  "hooks status": {
    words: "[backend]",
    summary: "Show which hooks are in which settings",
    examples: ["hooks status", "hooks status codex"],
  },
  "hooks uninstall": {
    words: "<backend>",
    summary: "Take exactly what was put in out of an agent's settings",
    examples: ["hooks uninstall claude-code"],
  },
  acp: {
    words: "",
    summary: "Serve runs as an agent over the Agent Client Protocol on stdin and stdout",
    examples: ["acp", "acp --profile claude", "acp --no-daemon"],
  },
  mcp: { words: "", summary: "Serve the contract's tools over MCP on stdin and stdout", examples: ["mcp"] },
  "mcp trust": {
    words: "",
    summary: "Trust this workspace: its MCP servers, hooks and configuration count",
    examples: ["mcp trust", "mcp trust --list", "mcp trust --remove"],
  },
  "mcp approve": { words: "", summary: "The same as mcp trust", examples: ["mcp approve"] },
} as const satisfies Record<string, CommandEntry>;

/** Name of a command, its words joined with one space. */
export type CommandName = keyof typeof table;

/** Every command there is. */
export const commandTable: Readonly<Record<CommandName, CommandEntry>> = table;

/** The names of all commands. */
export const commandNames = Object.keys(table) as CommandName[];
