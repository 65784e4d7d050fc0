import type { Operation } from "../../lib/contract/operation.js";
import { AnodeError, type ErrorCode } from "../../lib/errors.js";
import { localCaller, type Limits } from "../../lib/index.js";
import type { CallDetails } from "./mesh.js";
import { type Cast, goodCalls } from "./mesh-inputs.js";
import type { MeshRoom } from "./mesh-room.js";

type Call = { readonly input: Record<string, unknown>; readonly details?: CallDetails };
type Make = (room: MeshRoom, cast: Cast, operation: Operation) => Call | Promise<Call>;

/** How a code is brought about. */
export interface Provocation {
  readonly make: Make;
  /** Where it needs a room of its own. */
  readonly limits?: Partial<Limits>;
  /** Members that the document of the refusal must have. */
  readonly members?: readonly string[];
  /** Where the code has more than one status. */
  readonly status?: number;
  /** Needs a room that has nothing but the mesh. */
  readonly alone?: boolean;
  /** What is there again afterwards. */
  readonly after?: (room: MeshRoom) => Promise<void> | void;
}

const good = async (room: MeshRoom, cast: Cast, { name }: Operation): Promise<Call> =>
  (await (goodCalls[name] as Make)(room, cast, {} as Operation)) satisfies Call;

/** The good call with other members. */
const but =
  (
    change: object | ((input: Record<string, unknown>, room: MeshRoom, cast: Cast) => object | Promise<object>),
    details?: CallDetails,
  ): Make =>
  async (room, cast, operation) => {
    const { input, details: usual } = await good(room, cast, operation);
    const changed = typeof change === "function" ? await change(input, room, cast) : change;
    return { input: { ...input, ...changed }, details: { ...usual, ...details } };
  };

/** The good call by one of the peers. */
const by =
  (who: "worker" | "asker", change: object = {}): Make =>
  async (room, cast, operation) => {
    const { input, details } = await good(room, cast, operation);
    return { input: { ...input, ...change }, details: { ...details, caller: cast[who].caller } };
  };

/** The member of an operation's input that names a peer. */
function targetOf({ name }: Operation, input: object): string {
  if (name.startsWith("asks.ask") && "to_peers" in input) return "to_peers";
  return ["to_peer", "peer_id", "id"].find((field) => field in input) ?? (name.startsWith("peers.") ? "id" : "peer_id");
}

/** The good call, of another peer. */
const target =
  (spelling: string | ((room: MeshRoom, cast: Cast) => Promise<string>)): Make =>
  async (room, cast, operation) => {
    const { input, details } = await good(room, cast, operation);
    const named = typeof spelling === "string" ? spelling : await spelling(room, cast);
    return { input: { ...input, [targetOf(operation, input)]: named }, ...(details && { details }) };
  };

const twins = async ({ peer, mesh }: MeshRoom): Promise<string> => {
  const there = mesh.peers.living().some(({ display_name }) => display_name === "twin");
  if (!there) for (const circle of ["a", "b"]) await peer("twin", { circle });
  return "twin";
};
const retired = async ({ peer, call }: MeshRoom): Promise<string> => {
  const { peer_id } = await peer("was");
  await call("peers.remove", { id: peer_id });
  return peer_id;
};
/** A token-less caller over TCP whose process is a run's. */
const inRun = { ...localCaller, id: "owner", door: "tcp", prove: () => Promise.resolve(false) } as const;
const leftAtOnce: CallDetails = { signal: AbortSignal.abort() };
const nothing = "att-00000000000000000000000000000000";
const codex = { backend: "codex", path: "/srv/api" } as const;
const question = { kind: "choice", options: [{ id: "a", title: "A" }] } as const;
const allow = [
  { id: "allow", title: "Allow" },
  { id: "deny", title: "Deny" },
];
const full: Provocation = {
  async make(room, cast, operation) {
    const call = await good(room, cast, operation);
    // A commit finds no space, and from then on none is tried until there is some.
    room.store.failCommits(1, "storage_full");
    await room.call("messages.notify", { to_peer: "worker", text: "x" }).catch(() => {});
    return call;
  },
  after: async ({ host, settle }) => {
    await settle();
    await host.clock.advance(1_000);
  },
};
const notFound: Provocation = {
  make: but(({ id, correlation_id, trace_id, delivery_id }) => ({
    ...(id !== undefined && { id: "ask-0000" }),
    ...(correlation_id !== undefined && { correlation_id: "ask-0000" }),
    ...(trace_id !== undefined && { trace_id: "ask-0000" }),
    ...(delivery_id !== undefined && { delivery_id: "dlv-0000" }),
  })),
};
const noAttachment: Provocation = { make: but({ attachments: [nothing] }), status: 422 };
const askOf = async ({ call }: MeshRoom, more: object = {}): Promise<string> =>
  (await call("asks.ask", { to_peer: "worker", text: "x", ...more })).correlation_id;
const linkLeft = (members: readonly string[], isLeft: boolean, make: (room: MeshRoom) => void): Provocation => ({
  members,
  async make({ panes, ...room }) {
    room.hook.starts = () => {};
    make({ panes, ...room });
    return { input: { pane_id: panes.add().pane_id, backend: "codex" }, ...(isLeft && { details: leftAtOnce }) };
  },
  after({ hook }) {
    delete hook.starts;
    delete hook.removes;
    delete hook.spawns;
  },
});
const repeated = (isOther: boolean): Provocation => ({
  async make(room, cast, operation) {
    const call = await good(room, cast, operation);
    const details = { ...call.details, idempotencyKey: `key-${operation.name}-${isOther}` };
    const first = { ...call.input };
    if (!isOther) room.store.holdCommits();
    const done = room.reply(operation.name as never, first, details);
    done.catch(() => {});
    if (isOther) await done;
    // What is under way is so after the first steps of the call.
    else await new Promise((resolve) => setImmediate(resolve));
    return { input: isOther ? { ...first, text: "other" } : first, details };
  },
  async after({ store, settle }) {
    store.releaseCommits();
    await settle();
  },
});

/** Codes that are brought about in the same way wherever they are. */
const everywhere: Partial<Record<ErrorCode, Provocation>> = {
  peer_not_found: { make: target("nobody") },
  ambiguous_peer: { make: target(twins), members: ["candidates"] },
  peer_retired: { make: target(retired) },
  storage_full: full,
  sender_mismatch: { make: by("worker", { from_peer: "asker" }) },
  sender_not_found: { make: but({ from_peer: "nobody" }) },
  circle_forbidden: {
    make: but(async (_, room) => ({ to_peer: (await room.peer("far", { circle: "other" })).peer_id, from_peer: "worker" })),
  },
  attachment_not_found: noAttachment,
  invalid_cursor: { make: but({ cursor: "nonsense" }) },
  invalid_pane_id: { make: but(({ peer_id: _peer, ...rest }) => ({ ...rest, peer_id: undefined, pane_id: "%%1" })) },
  identity_unproven: { make: by("asker") },
  ask_not_found: notFound,
  trace_not_found: notFound,
  message_not_found: notFound,
  question_not_found: notFound,
  not_the_recipient: { make: by("asker") },
  not_the_asker: { make: by("worker") },
  ask_closed: {
    make: but(async ({ id, correlation_id }, { call }) => {
      const closed = (id ?? correlation_id) as string;
      await call("asks.cancel", { id: closed });
      return correlation_id === undefined ? {} : { message: "late" };
    }),
  },
  idempotency_in_flight: repeated(false),
  idempotency_mismatch: repeated(true),
  too_many_peers: { make: good, limits: { peers: 5 } },
  inbox_full: {
    limits: { messageQueue: 1 },
    async make(room, cast, operation) {
      await room.call("messages.notify", { to_peer: "worker", text: "first" }).catch(() => {});
      return good(room, cast, operation);
    },
  },
  no_live_transport: {
    async make(room, cast, operation) {
      const { input } = await good(room, cast, operation);
      const { peer_id } = await room.peer("away", codex);
      await room.call("peers.offline", { id: peer_id });
      return { input: { ...input, to_peer: peer_id, if_unavailable: "fail" } };
    },
  },
  caller_is_a_run: { make: but({}, { caller: inRun }) },
  too_many_waits: {
    limits: { meshWaits: 1 },
    async make(room, cast, operation) {
      const { input } = await good(room, cast, operation);
      void room.call("asks.wait", { id: await askOf(room) });
      await new Promise((resolve) => setImmediate(resolve));
      return { input };
    },
  },
  pane_backend_unavailable: {
    async make(room, cast, operation) {
      const call = await good(room, cast, operation);
      room.panes.breakDown("no server");
      return call;
    },
    after: ({ panes }) => panes.breakDown(),
  },
  attachment_expired: {
    async make(room, cast, operation) {
      const call = await good(room, cast, operation);
      room.host.clock.jump(25 * 3_600_000);
      return call;
    },
    after: ({ host }) => host.clock.jump(-25 * 3_600_000),
  },
  // Where nobody keeps attachments.
  not_supported: { make: () => ({ input: { id: nothing } }), members: ["ability"], alone: true },
  cursor_ahead: { make: but({ after: 1_000_000 }), members: ["last_seq"] },
};

/** Codes that are brought about by the operation's own ways. */
const ofOperation: Readonly<Record<string, Provocation>> = {
  ...Object.fromEntries(
    ["attachments.list", "attachments.upload", "attachments.put"].map((name) => [
      `${name} not_supported`,
      { make: good, members: ["ability"], alone: true },
    ]),
  ),
  // The sender too is named by a caller.
  ...Object.fromEntries(
    ["asks.ack", "asks.askMany", "messages.broadcast", "questions.askBlocking"].map((name) => [
      `${name} ambiguous_peer`,
      { make: but(async (_, room) => ({ from_peer: await twins(room) })), members: ["candidates"] },
    ]),
  ),
  ...Object.fromEntries(
    ["attachments.upload", "attachments.put"].flatMap((name) => [
      [`${name} attachment_too_large`, { make: good, limits: { attachmentBytes: 3 } }],
      [`${name} attachment_storage_full`, { make: good, limits: { attachmentStoreBytes: 3 } }],
    ]),
  ),
  "peers.whoami peer_not_found": { make: but({}, { caller: localCaller }) },
  "peers.byPane peer_not_found": { make: but({ pane_id: "%999" }) },
  "peers.byPane invalid_pane_id": { make: but({ pane_id: "%%1" }) },
  "panes.link invalid_pane_id": { make: but({ pane_id: "%%1" }) },
  "peers.register peer_not_found": { make: but({ peer_id: "peer-0000000000000000" }) },
  "peers.register identity_unproven": {
    make: async (_, { worker, asker }) => ({ input: { ...codex, peer_id: worker.peer_id }, details: { caller: asker.caller } }),
  },
  "peers.register role_forbidden": { make: by("worker", { role: "service" }) },
  "peers.register caller_is_a_run": { make: but({ role: "service" }, { caller: inRun }) },
  "peers.register peer_retired": { make: but(async (_, room) => ({ peer_id: await retired(room) })), status: 409 },
  "peers.register pane_held": {
    members: ["peer_id"],
    async make({ call }) {
      await call("peers.register", { ...codex, name: "holds", pane_id: "%5", session_id: "s5", agent_pid: 50, agent_started: "1" });
      return { input: { ...codex, name: "child", pane_id: "%5", session_id: "other", parent_pid: 50 } };
    },
  },
  "peers.register run_takes_no_input": { make: but({ backend: "run", run_id: "R-1" }) },
  "peers.register unknown_agent": { make: but({ backend: "acp", agent: "nobody" }) },
  "peers.update name_taken": { make: but({ display_name: "asker" }) },
  "messages.broadcast circle_forbidden": { make: by("worker", { circle: "other" }) },
  "messages.claim peer_not_found": { make: target("nobody") },
  "messages.confirm claim_expired": { make: but({ claim_id: "claim-0" }) },
  "asks.ask correlation_conflict": {
    make: but(async (_, room) => {
      await askOf(room, { correlation_id: "job-0001" });
      return { correlation_id: "job-0001", text: "other" };
    }),
  },
  "asks.ask ask_not_found": { make: but({ reply_to: "ask-0000" }) },
  "asks.ask injection_failed": {
    async make({ call, mesh, peer }) {
      const { peer_id } = await peer("breaks");
      mesh.receive(peer_id, () => {
        throw new Error("broken");
      });
      void call;
      return { input: { to_peer: "breaks", text: "x" } };
    },
  },
  "asks.ack invalid_option": { make: but(async (_, room) => ({ correlation_id: await askOf(room, { question }) })) },
  "asks.ack invalid_answer": { make: but(async (_, room) => ({ correlation_id: await askOf(room, { question: { kind: "text" } }) })) },
  "asks.ack attachment_not_found": noAttachment,
  "questions.get not_a_question": { make: but(async (_, room) => ({ id: await askOf(room) })) },
  "questions.answer not_a_question": { make: but(async (_, room) => ({ correlation_id: await askOf(room) })) },
  "questions.answer question_changed": { make: but({ digest: "0".repeat(64) }) },
  "questions.answer question_closed": {
    members: ["outcome", "closed_at"],
    make: but(async ({ correlation_id, text }, { call }) => {
      await call("questions.answer", { correlation_id, text } as never);
      return {};
    }),
  },
  "questions.answer invalid_option": {
    make: but(async (_, room) => ({ correlation_id: await askOf(room, { question }), text: undefined, option_id: "b" })),
  },
  "questions.answer invalid_answer": { make: but({ text: " " }) },
  "questions.answer self_approval": {
    make: async ({ call, host }, { worker }) => {
      void call(
        "questions.askBlocking",
        { prompt: "May it?", options: allow, correlation_id: "tool-0001" },
        { caller: worker.caller },
      ).catch(() => {});
      await host.clock.advance(0);
      return {
        input: { correlation_id: "tool-0001", option_id: "allow" },
        details: { caller: { ...worker.caller, scopes: ["read", "control", "approve"] } },
      };
    },
  },
  "questions.list run_not_found": { make: but({ run_id: "R-1" }) },
  "questions.askBlocking run_finished": {
    async make(room, cast, operation) {
      const { input } = await good(room, cast, operation);
      const run = await room.manager.start({ prompt: "x", profile: "echo" });
      await run.done();
      return { input, details: { caller: { id: `run:${run.id}`, door: "tcp", scopes: ["read", "control"], run_id: run.id } } };
    },
  },
  "questions.askBlocking shutting_down": {
    limits: { questionWaitMs: 44_999 },
    async make({ manager }) {
      await manager.close();
      return { input: { prompt: "May it?", options: allow } };
    },
  },
  "peers.rehook storage_full": {
    async make(room, cast, operation) {
      const { input } = await good(room, cast, operation);
      // Its token is what there is no space for.
      room.store.failCommits(1, "storage_full");
      return { input: { ...input, apply: true } };
    },
  },
  "questions.askBlocking correlation_conflict": {
    make: async ({ call, host }) => {
      void call("questions.askBlocking", { prompt: "This?", options: allow, correlation_id: "tool-0002" }).catch(() => {});
      await host.clock.advance(0);
      return { input: { prompt: "That?", options: allow, correlation_id: "tool-0002" } };
    },
  },
  "questions.askBlocking question_closed": {
    members: ["outcome", "closed_at"],
    make: async ({ call, host }) => {
      const input = { prompt: "This?", options: allow, correlation_id: "tool-0003" } as const;
      void call("questions.askBlocking", input).catch(() => {});
      await host.clock.advance(0);
      await call("questions.answer", { correlation_id: "tool-0003", option_id: "deny" });
      await host.clock.advance(121_000);
      return { input };
    },
  },
  "questions.askBlocking default_not_denying": { make: but({ default_answer: "allow" }) },
  "questions.askBlocking question_full": {
    limits: { questions: 1 },
    make: async ({ call, host }) => {
      void call("questions.askBlocking", { prompt: "May that?", options: allow }).catch(() => {});
      await host.clock.advance(0);
      return { input: { prompt: "May it?", options: allow } };
    },
  },
  "panes.link pane_not_found": { make: but({ pane_id: "%999999" }) },
  "panes.link pane_already_linked": {
    members: ["peer_id"],
    make: but(async (input, { call }) => {
      await call("peers.register", { ...codex, name: "sits", pane_id: input["pane_id"] as string, session_id: "sits" });
      return {};
    }),
  },
  "panes.link link_hook_failed": linkLeft(["rolled_back"], false, ({ hook }) => {
    hook.spawns = () => {
      throw new Error("no such program");
    };
  }),
  "panes.link link_no_transport": linkLeft(["rolled_back"], true, () => {}),
  "panes.link link_rollback_failed": linkLeft(["peer_id"], true, ({ hook }) => {
    hook.removes = () => {
      throw new Error("it cannot be removed");
    };
  }),
  "panes.link shutting_down": {
    async make(room, cast, operation) {
      const call = await good(room, cast, operation);
      await room.mesh.panes?.close();
      return call;
    },
    limits: { linkMs: 7_999 },
  },
  "peers.rehook cross_host": {
    make: but(async (_, { call }) => ({
      id: (await call("peers.register", { ...codex, name: "elsewhere", machine: "other", pane_id: "%3" })).peer.peer_id,
    })),
  },
  "peers.rehook missing_pane": { make: but({ id: "worker" }) },
  "peers.rehook backend_has_no_hook": {
    make: but(async (_, { call }) => ({
      id: (await call("peers.register", { backend: "service", name: "serves", pane_id: "%4" })).peer.peer_id,
    })),
  },
  "peers.rehook pane_unproven": {
    make: but((_, { written }) => {
      written.clear();
      return {};
    }),
  },
  "peers.rehook spawn_failed": {
    make: but(async (_, { hook }) => {
      hook.spawns = () => {
        throw new AnodeError("spawn_failed", "The program that holds the socket did not start.");
      };
      return { apply: true };
    }),
    after({ hook }) {
      delete hook.spawns;
    },
  },
  "attachments.info attachment_not_found": { make: but({ id: nothing }) },
  "attachments.download attachment_not_found": { make: but({ id: nothing }) },
  "attachments.remove attachment_not_found": { make: but({ id: nothing }) },
  "attachments.remove attachment_in_use": {
    make: but(async ({ id }, room) => {
      await askOf(room, { attachments: [id] });
      return {};
    }),
  },
  "events.list invalid_cursor": { make: but({ after: "nonsense" }) },
  "events.stream invalid_cursor": { make: but({ after: "nonsense" }) },
  "events.stream not_acceptable": { make: but({}, { accept: "image/png" }) },
  "events.stream caller_is_a_run": { make: but({ approver: true }, { caller: inRun }) },
  "events.stream too_many_streams": {
    limits: { streams: 1 },
    async make(room) {
      const { stream } = await room.reply("events.stream", {});
      void stream?.body[Symbol.asyncIterator]().next();
      return { input: {} };
    },
  },
};

/** How the operation's code is brought about, if it is known how. */
export function provocationOf({ name }: Operation, code: ErrorCode): Provocation | undefined {
  return ofOperation[`${name} ${code}`] ?? everywhere[code];
}
