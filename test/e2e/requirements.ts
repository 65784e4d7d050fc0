/** How a promise can be put to the test. */
export type CarrierName = "in_process" | "memory" | "tcp" | "unix" | "cli" | "curl" | "mcp";

/** One promise of the Anode daemon, in its own words as far as they go. */
export interface Requirement {
  readonly id: string;
  readonly behavior: string;
  /** Every carrier over which it must be proven. */
  readonly carriers: readonly CarrierName[];
  /** Why it is not proven yet; such a row has no test. */
  readonly deferred?: string;
}

const api: readonly CarrierName[] = ["in_process", "memory", "tcp", "unix"];
const wire: readonly CarrierName[] = ["memory", "tcp", "unix"];

export const requirements: readonly Requirement[] = [
  { id: "anode.socket.default", behavior: "`anode daemon` listens on ~/.config/anode/daemon.sock.", carriers: ["cli"] },
  { id: "anode.addr.tcp", behavior: "`anode daemon --addr 127.0.0.1:7433` listens there.", carriers: ["cli"] },
  { id: "anode.addr.unix", behavior: "`anode daemon --addr /tmp/anode.sock` listens there.", carriers: ["cli"] },
  { id: "anode.addr.client", behavior: "`--daemon 127.0.0.1:7433` reaches a daemon that is not the default one.", carriers: ["cli"] },

  { id: "anode.health", behavior: "GET /health answers health and the number of active runs.", carriers: [...api, "curl"] },

  { id: "anode.runs.start", behavior: "Starting a run answers exactly its run_id.", carriers: [...api, "cli", "curl"] },
  { id: "anode.runs.start.seed-body", behavior: "All six fields of the documented body are taken and shown.", carriers: [...api, "curl"] },
  {
    id: "anode.runs.start.stock",
    behavior: "The stock daemon without a key answers the documented body with model_unavailable and names the variable.",
    carriers: ["curl", "cli"],
  },
  { id: "anode.runs.start.prompt-required", behavior: "prompt is required.", carriers: [...api, "cli"] },
  { id: "anode.runs.start.profile-default", behavior: "profile defaults to craft.", carriers: api },
  {
    id: "anode.runs.start.approval-mode",
    behavior: "approval_mode is empty, ask, auto or unrestricted; yolo is an alias for unrestricted.",
    carriers: api,
  },
  { id: "anode.runs.start.unknown-field", behavior: "An unknown field is refused by name.", carriers: api },
  {
    id: "anode.runs.start.flags",
    behavior: "`anode runs start` sends prompt, profile, model, max_turns, approval_mode and run_label.",
    carriers: ["cli"],
  },

  {
    id: "anode.runs.list",
    behavior: "Runs are listed newest first with id, status, profile, label, prompt, started_at, ended_at and result.",
    carriers: [...api, "cli", "curl"],
  },
  { id: "anode.runs.list.limit", behavior: "limit n answers at most n runs; 0 means all.", carriers: [...api, "cli"] },
  { id: "anode.runs.list.pages", behavior: "Pages go on where the last one ended, each run once.", carriers: api },
  { id: "anode.runs.get", behavior: "One run's summary; 404 for an unknown one.", carriers: [...api, "cli"] },

  { id: "anode.runs.events", behavior: "The stream replays what is there, then follows the run to its end.", carriers: [...api, "curl"] },
  {
    id: "anode.runs.events.sse",
    behavior: "Each SSE message has the event as one line of JSON in data, its seq as id, and no event field.",
    carriers: ["curl", ...wire],
  },
  {
    id: "anode.runs.events.resume",
    behavior: "A reader resumes after the last event it saw; at or after the end it gets 204.",
    carriers: wire,
  },
  { id: "anode.runs.events.independent", behavior: "Several readers of a run see the same events, each at its own pace.", carriers: api },
  { id: "anode.runs.events.ndjson", behavior: "The same events as NDJSON, and as pages of JSON.", carriers: wire },
  { id: "anode.attach.ended", behavior: "attach works for running and for completed runs.", carriers: [...api, "cli"] },
  { id: "anode.attach.stream-json", behavior: "`anode attach --stream-json` prints each event as one line of JSON.", carriers: ["cli"] },

  {
    id: "anode.events.list",
    behavior: "Every change of a run's status is in the feed, oldest first; a page says where it begins, ends and goes on.",
    carriers: [...api, "cli", "curl"],
  },
  {
    id: "anode.events.stream",
    behavior: "The feed replays what is kept, then follows, for as long as its reader stays.",
    carriers: [...api, "cli", "curl"],
  },
  {
    id: "anode.events.sse",
    behavior:
      "Each message of the feed has the event as one line of JSON in data, its seq as id, and no event field; the same as NDJSON and as a page.",
    carriers: wire,
  },
  {
    id: "anode.events.cursor",
    behavior: "A reader of the feed begins behind Last-Event-ID, else after, else a tail; a cursor that is none or ahead is refused.",
    carriers: wire,
  },
  {
    id: "anode.events.gap",
    behavior: "A reader whose next event is no longer kept sees one system.gap that names the range.",
    carriers: api,
  },
  {
    id: "anode.events.filter",
    behavior: "A filter of types shows those alone, and its readers come back behind what it has passed over.",
    carriers: [...api, "cli"],
  },
  {
    id: "anode.events.approver",
    behavior: "A reader of the feed that approves is an approver of every run's questions while it reads.",
    carriers: api,
  },

  {
    id: "anode.runs.cancel",
    behavior: 'Cancel answers {"status":"canceled"}; again the same; an ended run is refused.',
    carriers: [...api, "cli", "curl"],
  },
  { id: "anode.runs.cancel.tree", behavior: "A canceled command goes with its whole process tree.", carriers: ["cli"] },
  { id: "anode.runs.background", behavior: "A run goes on when its starter and its readers have left.", carriers: [...api, "cli"] },
  { id: "anode.runs.wait", behavior: "Waiting ends with the run, or with the time given.", carriers: [...api, "cli"] },
  {
    id: "anode.runs.input",
    behavior: "Follow-up input reaches a run that takes it; another is refused by name.",
    carriers: [...api, "cli"],
  },
  { id: "anode.questions", behavior: "A run's question is listed, answered once, and closed for everybody.", carriers: [...api, "cli"] },
  {
    id: "anode.questions.blocking",
    behavior: "ask-blocking holds the call until a person answers, and tells the option and what it means.",
    carriers: [...api, "curl"],
  },
  { id: "anode.questions.blocking.timeout", behavior: "ask-blocking denies when its time is over.", carriers: api },
  {
    id: "anode.questions.blocking.disconnect",
    behavior: "A caller that leaves ask-blocking has its question denied; a late answer is 410.",
    carriers: api,
  },
  {
    id: "anode.questions.blocking.repeat",
    behavior: "The same call again joins or gets the recorded answer; another content under its id is 409.",
    carriers: api,
  },
  { id: "anode.questions.blocking.shutdown", behavior: "A shutdown denies what is held before the connections close.", carriers: api },
  { id: "anode.questions.blocking.restart", behavior: "After kill -9 and a restart it is denied, reason restart.", carriers: ["cli"] },
  {
    id: "anode.questions.answer",
    behavior: "One inbox and one way to answer for the questions of runs and of callers.",
    carriers: [...api, "cli"],
  },
  { id: "anode.idempotency", behavior: "The same key and body give the same run; another body is refused.", carriers: [...api] },
  { id: "anode.no-review", behavior: "There is no review endpoint.", carriers: wire },
  { id: "anode.openapi", behavior: "The contract is served as OpenAPI 3.1 with every operation.", carriers: [...api, "cli"] },
  {
    id: "attachments.bytes",
    behavior: "A file is uploaded and downloaded byte for byte, as a stream in both directions, with its name, size, type and hash.",
    carriers: [...api, "cli", "curl"],
  },
  {
    id: "attachments.refusals",
    behavior: "What is too large, gone, not a file or not there is refused by name; nothing of it stays.",
    carriers: [...api, "cli", "curl"],
  },
  {
    id: "attachments.headers",
    behavior: "A download is saved and not shown: inert type, no power of a page, a harmless name; inline only for true images.",
    carriers: wire,
  },
  { id: "mesh.health", behavior: "Health and status tell of the mesh: peers, open asks, what waits.", carriers: [...api, "curl", "cli"] },
  {
    id: "mesh.peers",
    behavior: "Peers are registered, listed, looked up by name and id, described, and removed.",
    carriers: [...api, "cli", "curl", "mcp"],
  },
  {
    id: "mesh.peers.doctor",
    behavior: "GET /peers/{id}/doctor is a read-only report with contradictions; rehook is a dry run unless it is told to act.",
    carriers: ["cli", "curl", "mcp"],
  },
  {
    id: "mesh.peers.awaiting-link",
    behavior: "A peer with a pane and a session is offline until its link stands; name and pane are its own, and what is sent to it waits.",
    carriers: [...api, "cli", "curl"],
  },
  {
    id: "mesh.peers.contradiction",
    behavior: "Where the parts of a peer disagree the feed is told once, over restarts too, and again when it was gone in between.",
    carriers: [...api, "cli", "curl"],
  },
  {
    id: "mesh.panes",
    behavior: "GET /panes/orphans lists panes that are no peer's; a link that cannot be made leaves no peer.",
    carriers: ["cli", "curl"],
  },
  {
    id: "mesh.ask",
    behavior: "An ask is open until it is acknowledged; its asker waits for the reply and gets it.",
    carriers: [...api, "cli", "curl", "mcp"],
  },
  {
    id: "mesh.ask.ends",
    behavior: "An ask is declined by its recipient and taken back by its asker, once.",
    carriers: [...api, "cli", "mcp"],
  },
  {
    id: "mesh.ask.wait",
    behavior:
      "Who leaves a wait leaves the ask as it is and gives back its place; a wait that is over changes nothing; too many are refused.",
    carriers: api,
  },
  {
    id: "mesh.ask.reply-to",
    behavior: "A newer ask in reply to an older one closes it once it is on its way; one that failed leaves it open.",
    carriers: api,
  },
  {
    id: "mesh.peers.identity",
    behavior: "A shared folder or name makes nobody the same peer; the same session does; a name is found in its circle and never guessed.",
    carriers: [...api, "cli"],
  },
  {
    id: "mesh.circles",
    behavior: "Peers of different circles do not reach each other, unless a role or an admin's word lets them; circles are listed.",
    carriers: api,
  },
  {
    id: "mesh.refusals",
    behavior: "A refusal of the mesh has the same code, status and members over every carrier.",
    carriers: api,
  },
  {
    id: "mesh.peer-token",
    behavior:
      "A peer's token is that peer and nobody else: it sends as no other, closes no other's ask, crosses no circle, takes no role, allows itself nothing.",
    carriers: ["tcp", "unix", "curl"],
  },
  {
    id: "mesh.inbox",
    behavior: "What waits is fetched for a while and confirmed; what was not confirmed comes again with the same id.",
    carriers: [...api, "cli", "curl", "mcp"],
  },
  {
    id: "mesh.session",
    behavior: "A report of a session changes what it names; the turn that an ask began answers it, where its asker wants it so.",
    carriers: [...api, "curl"],
  },
  {
    id: "mesh.events",
    behavior: "What becomes of peers, asks, messages and questions is in the feed, each end once.",
    carriers: [...api, "cli"],
  },
  {
    id: "mesh.sockets",
    behavior: "A peer's socket brings its messages at once, takes receipts and replies, and one of it stands.",
    carriers: ["tcp", "unix"],
  },
  {
    id: "mesh.sockets.frames",
    behavior: "A socket is told who it is, and gets asks, notes, broadcasts and replies with all that their receiver needs, files too.",
    carriers: ["tcp", "unix"],
  },
  {
    id: "mesh.sockets.receipts",
    behavior:
      "A receipt decides what became of a message, a late one too; without one nothing is claimed, and a failure is never a delivery.",
    carriers: ["tcp", "unix"],
  },
  {
    id: "mesh.sockets.replies",
    behavior: "A reply frame closes an ask as /ack and /answer do, with their refusals, and its asker is told over its own socket.",
    carriers: ["tcp", "unix"],
  },
  {
    id: "mesh.sockets.many",
    behavior: "Asks to many go to sockets at once; who replies, who fails and who is silent are told apart.",
    carriers: ["tcp", "unix"],
  },
  {
    id: "mesh.sockets.reports",
    behavior:
      "Status and update frames change the peer and the feed, with the refusals of the operations; a reported turn answers its ask.",
    carriers: ["tcp", "unix"],
  },
  {
    id: "mesh.sockets.replay",
    behavior: "What waited comes oldest first, eight at a time; what was not acknowledged comes again, over the next socket, with its id.",
    carriers: ["tcp", "unix"],
  },
  {
    id: "mesh.sockets.restart",
    behavior: "After kill -9 a peer that comes back gets what it had not acknowledged, with its id, and nothing else again.",
    carriers: ["unix"],
  },
  {
    id: "mesh.sockets.panes",
    behavior: "The socket of a pane gets a message only while its agent is idle, one for each idle.",
    carriers: ["tcp", "unix"],
  },
  {
    id: "mesh.sockets.presence",
    behavior: "A socket brings its peer online; a lost one takes nothing from the newer, and alone retires nobody.",
    carriers: ["tcp", "unix"],
  },
  {
    id: "mesh.sockets.closes",
    behavior: "A socket that cannot stay is told why and closed with the code that says whether to come back.",
    carriers: ["tcp", "unix"],
  },
  {
    id: "mesh.restart",
    behavior: "After kill -9 peers, open asks, what waits, traces and files are there; nothing comes twice under a new id.",
    carriers: ["unix"],
  },
  { id: "mesh.hooks", behavior: "The hooks of a runtime make its session a peer, bring it what waits, and end it.", carriers: ["cli"] },
  {
    id: "mesh.hooks.approval",
    behavior: "The approval hook puts a tool call to a person, and blocks it unless it was allowed.",
    carriers: ["cli"],
  },
  {
    id: "mesh.answer",
    behavior: "The typed question of an ask is answered with one of its options, and with nothing else.",
    carriers: [...api, "cli", "curl", "mcp"],
  },
  { id: "mesh.ask-many", behavior: "One question goes to many; an unreachable one is a failed child.", carriers: [...api, "mcp"] },
  {
    id: "mesh.messages",
    behavior: "A peer is notified and a circle is told; what waits is listed, and reading removes nothing.",
    carriers: [...api, "cli", "curl", "mcp"],
  },
  {
    id: "mesh.traces",
    behavior: "GET /traces/{trace_id} has the recorded stages of an ask or a message.",
    carriers: [...api, "cli", "curl", "mcp"],
  },
  {
    id: "mesh.timeline",
    behavior: "What happened to a peer and what it did is listed, newest first, page by page.",
    carriers: [...api, "curl"],
  },
  { id: "mesh.attachments", behavior: "Files go with asks, notes and replies by their ids.", carriers: [...api, "cli"] },
  { id: "mesh.idempotency", behavior: "The same key asks and notifies once.", carriers: api },
  {
    id: "mesh.auth",
    behavior: "With daemon.auth_token every TCP client sends Authorization: Bearer; the daemon's own callers all work.",
    carriers: ["cli", "curl"],
  },
  {
    id: "mesh.agent",
    behavior: "A run of the built-in agent with tools for messages is a peer from its start to its end: it is asked, and replies.",
    carriers: ["cli"],
  },
  {
    id: "mesh.hostile-text",
    behavior: "Whatever a caller writes is refused by its place, or arrives as it was and acts on nothing on its way.",
    carriers: [...api, "cli"],
  },
  {
    id: "hooks.install",
    behavior:
      "`anode hooks install`, status and uninstall edit a runtime's own settings once, keep what is there, and take out exactly what was put in.",
    carriers: ["cli"],
  },
  {
    id: "hooks.session",
    behavior:
      "hook session registers with session, folder and model, reports no turn state, and tells the agent who it is and who else is there.",
    carriers: ["cli"],
  },
  { id: "hooks.prompt", behavior: "hook prompt reports busy and working, and a turn that began with the first line.", carriers: ["cli"] },
  {
    id: "hooks.stop",
    behavior:
      "hook stop ends the turn with its final message; what waits is the reason to go on, once for each turn, and is confirmed; else the agent is idle.",
    carriers: ["cli"],
  },
  {
    id: "hooks.notification",
    behavior:
      "hook notification reports a dialog, and of a type not known too, as awaiting_input; an idle prompt as idle, but never over a dialog.",
    carriers: ["cli"],
  },
  {
    id: "hooks.session-end",
    behavior: "hook session-end takes the peer offline for good, unless the session was only cleared.",
    carriers: ["cli"],
  },
  {
    id: "hooks.silent",
    behavior: "Without a daemon every hook but the approval ends with 0 and prints only what its runtime demands.",
    carriers: ["cli"],
  },
  {
    id: "hooks.approval",
    behavior:
      "hook pretooluse holds a call until a person answers: an allow prints the runtime's own allow and ends with 0, a denial and the end of the wait end with 2 and the true reason.",
    carriers: ["cli"],
  },
  {
    id: "hooks.approval.closed",
    behavior:
      "As it is installed it ends with 2 for: no daemon, 401, 500, malformed reply, hang, bad stdin, unreadable configuration, SIGTERM, missing script.",
    carriers: ["cli"],
  },
  {
    id: "hooks.approval.off",
    behavior: "With approval off, or for a tool that is not gated, it ends with 0 and prints nothing.",
    carriers: ["cli"],
  },
  {
    id: "hooks.ws",
    behavior: "hook ws holds the socket of its pane's peer, one for each pane, and ends when the peer is retired.",
    carriers: ["cli"],
  },
  { id: "anode.errors", behavior: "Every refusal is a problem document with a stable code and the request's id.", carriers: wire },
  {
    id: "anode.restart",
    behavior: "After kill -9 the list, the events and the true status are there, and no process is left.",
    carriers: ["cli"],
  },
];
