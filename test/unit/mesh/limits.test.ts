import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { defaultLimits, type Limits } from "../../../lib/limits.js";
import { agentText } from "../../../lib/messages/agent-text.js";
import { bytesOf } from "../../../lib/plain-text.js";
import { fakeSocket } from "../../support/fake-socket.js";
import { castOf, type Cast, goodCalls } from "../../support/mesh-inputs.js";
import { type MeshRoom, openMeshRoom } from "../../support/mesh-room.js";

const HOUR_MS = 3_600_000;
const code = (name: string) => expect.objectContaining({ code: name });
const codex = { backend: "codex", path: "/srv/api" } as const;
const allow = [
  { id: "allow", title: "Allow" },
  { id: "deny", title: "Deny" },
];

interface Stage {
  readonly room: MeshRoom;
  readonly cast: Cast;
}

/** What a time limit ends: how it looks before its time, and after. */
interface Life {
  readonly is: number;
  readonly arrange: (stage: Stage) => Promise<() => Promise<unknown>>;
  readonly before: unknown;
  readonly after: unknown;
  /** Time as timers feel it; otherwise it is the wall clock's, and a sweep follows. */
  readonly timer?: boolean;
}

/** How many of something there may be; one more is refused. */
interface Count {
  readonly is: number;
  /** @defaultValue the true bound */
  readonly tried?: number;
  readonly also?: Partial<Limits>;
  readonly one: (stage: Stage, n: number) => Promise<unknown>;
  readonly over: string;
}

/** The bound of `limitTable` that is tested where its part is: the file, and the title of the test. */
interface Elsewhere {
  readonly is: number;
  readonly file: string;
  readonly title: string;
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "taken",
    (error: { code?: unknown }) => error.code,
  );
const stateOf =
  ({ call }: MeshRoom, delivery_id: string) =>
  async () =>
    (await call("messages.get", { delivery_id })).delivery_state;
const silent = async ({ room }: Stage): Promise<string> => (await room.call("peers.register", { ...codex, name: "silent" })).peer.peer_id;
const statusOf =
  ({ mesh }: MeshRoom, peer_id: string) =>
  async () => {
    const peer = mesh.peers.byId(peer_id);
    return peer?.retire_reason ?? peer?.status ?? "forgotten";
  };
/** Resolves at once with what is there, or `undefined` while nothing is. */
function soFar(work: Promise<unknown>): () => Promise<unknown> {
  let outcome: unknown;
  void work.then(
    (value) => (outcome = value),
    (error: unknown) => (outcome = error),
  );
  return async () => outcome;
}
const links = "test/unit/messages/link-closes.test.ts";
const sockets = "test/e2e/mesh-sockets.test.ts";

const lives: Partial<Record<keyof Limits, Life>> = {
  tombstoneMs: {
    is: 72 * HOUR_MS,
    async arrange(stage) {
      const peer_id = await silent(stage);
      await stage.room.call("peers.remove", { id: peer_id });
      return statusOf(stage.room, peer_id);
    },
    before: "unregistered",
    after: "forgotten",
  },
  contactMs: {
    is: 300_000,
    arrange: async (stage) => statusOf(stage.room, await silent(stage)),
    before: "online",
    after: "offline",
  },
  reapMs: {
    is: 600_000,
    async arrange(stage) {
      const peer_id = await silent(stage);
      stage.room.host.clock.jump(300_001);
      await look(stage.room);
      return statusOf(stage.room, peer_id);
    },
    before: "offline",
    after: "reaped",
  },
  staleBusyMs: {
    is: 1_800_000,
    async arrange(stage) {
      const peer_id = await silent(stage);
      stage.room.mesh.receive(peer_id, () => undefined);
      await stage.room.call("session.update", { peer_id, status: "busy", turn_state: "working" });
      return statusOf(stage.room, peer_id);
    },
    before: "busy",
    after: "online",
  },
  descriptionMs: {
    is: 900_000,
    async arrange({ room, cast }) {
      await room.call("peers.update", { id: cast.worker.peer_id, description: "at work" });
      return async () => (await room.call("peers.get", { id: cast.worker.peer_id })).description;
    },
    before: "at work",
    after: undefined,
  },
  messageQueueMs: {
    is: 24 * HOUR_MS,
    arrange: async ({ room }) => stateOf(room, (await room.call("messages.notify", { to_peer: "worker", text: "x" })).delivery_id),
    before: "queued",
    after: "expired",
  },
  personQueueMs: {
    is: 7 * 24 * HOUR_MS,
    arrange: async ({ room }) => stateOf(room, (await room.call("messages.notify", { to_peer: "human", text: "x" })).delivery_id),
    before: "queued",
    after: "expired",
  },
  askMs: {
    is: 24 * HOUR_MS,
    async arrange({ room }) {
      const { correlation_id } = await room.call("asks.ask", { to_peer: "worker", text: "x" });
      return async () => (await room.call("asks.get", { id: correlation_id })).close_reason;
    },
    before: undefined,
    after: "expired",
  },
  traceMs: {
    is: 24 * HOUR_MS,
    async arrange({ room }) {
      const { correlation_id } = await room.call("asks.ask", { to_peer: "worker", text: "x" });
      await room.call("asks.cancel", { id: correlation_id });
      return () => codeOf(room.call("traces.get", { trace_id: correlation_id }));
    },
    before: "taken",
    after: "trace_not_found",
  },
  attachmentMs: {
    is: 24 * HOUR_MS,
    async arrange({ room }) {
      const id = await room.put("x");
      return () => codeOf(room.call("attachments.info", { id }));
    },
    before: "taken",
    after: "attachment_expired",
  },
  lostReplyMs: {
    is: 120_000,
    async arrange({ room }) {
      const input = { prompt: "May it?", options: allow, correlation_id: "tool-0001" } as const;
      void room.call("questions.askBlocking", input);
      await room.host.clock.advance(0);
      await room.call("questions.answer", { correlation_id: "tool-0001", option_id: "deny" });
      return () => codeOf(room.call("questions.askBlocking", input));
    },
    before: "taken",
    after: "question_closed",
  },
  receiptMs: {
    is: 750,
    timer: true,
    async arrange({ room }) {
      await connected(room, "slow", { capabilities: ["delivery_receipts"] });
      return soFar(room.call("messages.notify", { to_peer: "slow", text: "x" }).then(({ reason }) => reason));
    },
    before: undefined,
    after: "unverified",
  },
  claimMs: {
    is: 30_000,
    timer: true,
    async arrange({ room }) {
      const { delivery_id } = await room.call("messages.notify", { to_peer: "worker", text: "x" });
      await room.call("messages.claim", { peer_id: "worker" });
      return stateOf(room, delivery_id);
    },
    before: "claimed",
    after: "queued",
  },
  replyHoldMs: {
    is: 60_000,
    timer: true,
    async arrange({ room, cast }) {
      const { caller } = cast.asker;
      const { correlation_id } = await room.call("asks.ask", { to_peer: "worker", text: "x" }, { caller });
      await room.call("asks.wait", { id: correlation_id }, { caller, signal: AbortSignal.abort() });
      await room.call("asks.ack", { correlation_id, message: "y" });
      return async () => (await room.call("asks.get", { id: correlation_id })).reply_state;
    },
    before: "held",
    after: "queued",
  },
  linkMs: {
    is: 8_000,
    timer: true,
    async arrange({ room }) {
      const { pane_id } = room.panes.add();
      return soFar(room.call("panes.link", { pane_id, backend: "codex" }));
    },
    before: undefined,
    after: code("link_no_transport"),
  },
  rehookPingMs: {
    is: 2_000,
    timer: true,
    async arrange({ room, cast }) {
      const { input } = (await goodCalls["peers.rehook"]?.(room, cast)) ?? { input: {} };
      await connected(room, "one", { ...codex, peer_id: input["id"] as string });
      return soFar(room.call("peers.rehook", input as { id: string }).then(({ ping }) => ping));
    },
    before: undefined,
    after: "fail",
  },
  questionWaitMs: {
    is: 45_000,
    timer: true,
    arrange: async ({ room }) =>
      soFar(
        room.call("questions.askBlocking", { prompt: "May it?", options: allow }).then(({ decision, reason }) => `${decision} ${reason}`),
      ),
    before: undefined,
    after: "deny timed_out",
  },
  questionWaitCapMs: {
    is: 55_000,
    timer: true,
    arrange: async ({ room }) =>
      soFar(
        room
          .call("questions.askBlocking", { prompt: "May it?", options: allow, timeout_ms: 600_000 })
          .then(({ decision, reason }) => `${decision} ${reason}`),
      ),
    before: undefined,
    after: "deny timed_out",
  },
  firstFrameMs: {
    is: 5_000,
    timer: true,
    async arrange({ room }) {
      const socket = fakeSocket(room);
      return async () => socket.closed?.code;
    },
    before: undefined,
    after: 4000,
  },
  socketSilenceMs: {
    is: 90_000,
    timer: true,
    async arrange({ room }) {
      const socket = await connected(room, "mute");
      return async () => socket.closed?.code;
    },
    before: undefined,
    after: 1008,
  },
  pingMs: {
    is: 30_000,
    timer: true,
    async arrange({ room }) {
      const socket = await connected(room, "pinged");
      return async () => socket.of("ping").length;
    },
    before: 0,
    after: 1,
  },
};

const numbers: Partial<Record<keyof Limits, Count>> = {
  peers: {
    is: 1_100,
    tried: 9,
    // Five are there: the built-in ones and the cast.
    one: ({ room }, n) => (n <= 5 ? Promise.resolve() : room.call("peers.register", { ...codex, name: `p${n}` })),
    over: "too_many_peers",
  },
  messageQueue: {
    is: 100,
    one: ({ room }) => room.call("messages.notify", { to_peer: "worker", text: "x" }),
    over: "inbox_full",
  },
  personQueue: {
    is: 1_000,
    tried: 3,
    also: { messageQueue: 1 },
    one: ({ room }) => room.call("messages.notify", { to_peer: "human", text: "x" }),
    over: "inbox_full",
  },
  openAsks: {
    is: 200,
    also: { messageQueue: 1_000 },
    one: ({ room }) => room.call("asks.ask", { to_peer: "worker", text: "x" }),
    over: "inbox_full",
  },
  meshWaits: {
    is: 256,
    async one({ room }, n) {
      if (n === 1) await room.call("asks.ask", { to_peer: "worker", text: "x", correlation_id: "job-0001" });
      await held(room.call("asks.wait", { id: "job-0001" }));
    },
    over: "too_many_waits",
  },
  questions: {
    is: 256,
    tried: 3,
    one: ({ room }) => held(room.call("questions.askBlocking", { prompt: "May it?", options: allow })),
    over: "question_full",
  },
  attachments: { is: 10_000, tried: 3, one: ({ room }) => room.put("x"), over: "attachment_storage_full" },
  attachmentStoreBytes: { is: 1024 ** 3, tried: 3, one: ({ room }) => room.put("x"), over: "attachment_storage_full" },
  attachmentBytes: {
    is: 25 * 1024 ** 2,
    tried: 3,
    one: ({ room }, n) => room.put("x".repeat(n)),
    over: "attachment_too_large",
  },
};

const elsewhere: Partial<Record<keyof Limits, Elsewhere>> = {
  replayWindow: { is: 8, file: "test/unit/messages/link-replay.test.ts", title: "eight at a time" },
  webSockets: { is: 1_100, file: sockets, title: "with more sockets than there is room for is refused" },
  unprovenSockets: { is: 32, file: sockets, title: "leaves the first frame to bring the credential only where that is configured" },
  firstFrameBytes: { is: 16_384, file: sockets, title: "leaves the first frame to bring the credential only where that is configured" },
  frameBytes: { is: 1024 ** 2, file: sockets, title: "one that is too big, or too many pieces is closed" },
  frameFragments: { is: 256, file: sockets, title: "one that is too big, or too many pieces is closed" },
  malformedFrames: { is: 10, file: links, title: "bears ten malformed frames and is closed 4006 at the eleventh" },
  unsentBytes: { is: 1024 ** 2, file: links, title: "is closed 4008 when more than one MiB is unsent, and not at one MiB" },
  meshKept: { is: 10_000, file: "test/unit/mesh/retention.test.ts", title: "are kept up to a number and an age" },
  keptQuestions: { is: 10_000, file: "test/unit/mesh/limits.test.ts", title: "Closed questions of no run" },
  pasteBytes: { is: 16_384, file: "test/unit/mesh/limits.test.ts", title: "A text for a pane" },
  traces: { is: 20_000, file: "test/unit/mesh/limits.test.ts", title: "The oldest traces of what is over" },
};

/** A call that is held says nothing; one that is refused does at once. */
async function held(call: Promise<unknown>): Promise<void> {
  await Promise.race([call, new Promise((resolve) => setImmediate(resolve))]);
}

async function connected(room: MeshRoom, name: string, more: object = {}) {
  const socket = fakeSocket(room);
  await socket.send({ type: "connect", v: 1, backend: "service", name, ...more });
  return socket;
}

/** A repair pass and a sweep, as they come by themselves each minute. */
async function look({ host, mesh }: MeshRoom): Promise<void> {
  // A pass is made once in half a minute, which is no time of what is tried here.
  host.clock.jump(-30_000);
  await host.clock.advance(30_000);
  await mesh.refresh();
  mesh.sweep();
  await mesh.manager.journal.settled();
}

describe("Each bound of the mesh in lib/limits.ts", () => {
  const source = readFileSync(new URL("../../../lib/limits.ts", import.meta.url), "utf8");
  const names = [...source.matchAll(/^ {2}(\w+): bound\(/gm)].map(([, name = ""]) => name);
  const ofMesh = names.slice(names.indexOf("peers"), names.indexOf("socketPathBytes")).filter((name) => !name.startsWith("commit"));

  it("is in one of these tables", () => {
    expect(ofMesh.length).toBeGreaterThan(35);
    const listed = { ...lives, ...numbers, ...elsewhere };
    expect(ofMesh.filter((name) => !Object.hasOwn(listed, name))).toEqual([]);
  });

  it.each(Object.entries(lives))(
    "%s: it is so until its time, and not after",
    async (name, { is, arrange, before, after, timer = false }) => {
      expect(defaultLimits[name as keyof Limits]).toBe(is);
      const room = await openMeshRoom();
      const seen = await arrange({ room, cast: await castOf(room) });
      const pass = async (ms: number): Promise<void> => {
        if (timer) return room.host.clock.advance(ms);
        room.host.clock.jump(ms);
        await look(room);
      };
      await pass(is - 1);
      expect(await seen()).toEqual(before);
      await pass(2);
      expect(await seen()).toEqual(after);
    },
  );

  it.each(Object.entries(numbers))("%s: so many, and not one more", async (name, { is, tried = is, also, one, over }) => {
    expect(defaultLimits[name as keyof Limits]).toBe(is);
    const room = await openMeshRoom({ ...also, ...(tried !== is && { [name]: tried }) });
    const stage = { room, cast: await castOf(room) };
    for (let n = 1; n <= tried; n += 1) await one(stage, n);
    await expect(one(stage, tried + 1)).rejects.toEqual(code(over));
  });

  it.each(Object.entries(elsewhere))("%s is tested where its part is", (name, { is, file, title }) => {
    expect(defaultLimits[name as keyof Limits]).toBe(is);
    expect(readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8")).toContain(title);
  });

  it("would be found to be another one", async () => {
    const room = await openMeshRoom({ openAsks: 3, askMs: 5_000 });
    const stage = { room, cast: await castOf(room) };
    for (let n = 1; n <= 3; n += 1) await numbers.openAsks?.one(stage, n);
    await expect(numbers.openAsks?.one(stage, 4)).rejects.toEqual(code("inbox_full"));
    await room.call("asks.list", {});
    room.host.clock.jump(5_001);
    await look(room);
    expect((await room.call("asks.list", { state: "open" })).asks).toEqual([]);
  });
});

it("A text for a pane is whole up to its bytes, and cut beyond them", () => {
  const message = { kind: "notify", delivery_id: "dlv-1", from_name: "a", to_name: "b" } as const;
  const bare = bytesOf(agentText({ ...message, text: "x" })) - 1;
  const text = (bytes: number): string => agentText({ ...message, text: "x".repeat(bytes - bare) }, defaultLimits.pasteBytes);
  expect(text(16_384)).not.toContain("(cut here");
  expect(text(16_385)).toContain("(cut here");
});

it("The oldest traces of what is over go when there are too many, and never that of an open ask", async () => {
  const { call, mesh, peer } = await openMeshRoom({ traces: 2 });
  await peer("worker");
  const open = (await call("asks.ask", { to_peer: "worker", text: "x" })).correlation_id;
  const notes: string[] = [];
  for (let n = 0; n < 3; n += 1) notes.push((await call("messages.notify", { to_peer: "worker", text: "x" })).delivery_id);
  mesh.sweep();
  await mesh.manager.journal.settled();
  const kept = await Promise.all([open, ...notes].map((trace_id) => codeOf(call("traces.get", { trace_id }))));
  expect(kept).toEqual(["taken", "trace_not_found", "trace_not_found", "taken"]);
});

it("Closed questions of no run are kept up to a number, the newest of them", async () => {
  const { call, host, settle } = await openMeshRoom({ keptQuestions: 2 });
  const ids = ["tool-0001", "tool-0002", "tool-0003"];
  const hour = async (): Promise<unknown> => {
    await host.clock.advance(HOUR_MS);
    await settle();
    return Promise.all(ids.map((id) => codeOf(call("questions.get", { id }))));
  };
  const ask = async (correlation_id: string): Promise<void> => {
    const asking = call("questions.askBlocking", { prompt: "May it?", options: allow, correlation_id });
    await host.clock.advance(0);
    await call("questions.answer", { correlation_id, option_id: "deny" });
    await asking;
  };
  for (const id of ids.slice(0, 2)) await ask(id);
  expect(await hour()).toEqual(["taken", "taken", "question_not_found"]);
  await ask("tool-0003");
  expect(await hour()).toEqual(["question_not_found", "taken", "taken"]);
});

describe("Each bound of an input", () => {
  const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]));
  const option = (n: number) => ({ id: `o${n}`, title: "O" });
  const many = <Item>(count: number, item: (n: number) => Item): Item[] => Array.from({ length: count }, (_, n) => item(n));
  // A name, quotes and a colon are around the text.
  const bytes = (count: number) => ({ k: "é".repeat((count - 8) / 2) });

  it.each<[operation: string, member: string, under: unknown, over: unknown, path?: string]>([
    ["asks.ask", "text", "x".repeat(65_536), "x".repeat(65_537)],
    ["messages.notify", "text", "x".repeat(65_536), "x".repeat(65_537)],
    ["asks.ack", "message", "x".repeat(65_536), "x".repeat(65_537)],
    ["questions.answer", "text", "x".repeat(65_536), "x".repeat(65_537)],
    ["asks.ask", "question", { kind: "text", prompt: "x".repeat(8_000) }, { kind: "text", prompt: "x".repeat(8_001) }, "question.prompt"],
    [
      "asks.ask",
      "question",
      { kind: "choice", options: many(16, option) },
      { kind: "choice", options: many(17, option) },
      "question.options",
    ],
    ["questions.askBlocking", "prompt", "x".repeat(8_000), "x".repeat(8_001)],
    ["asks.ask", "expires_ms", 30 * 24 * HOUR_MS, 30 * 24 * HOUR_MS + 1],
    ["asks.ask", "correlation_id", `job-${"x".repeat(100)}`, `job-${"x".repeat(101)}`],
    ["asks.wait", "timeout_ms", 50_000, 50_001],
    ["asks.askMany", "to_peers", many(50, () => "worker"), many(51, () => "worker")],
    ["asks.pending", "limit", 100, 101],
    ["messages.claim", "limit", 100, 101],
    ["messages.claim", "lease_ms", 300_000, 300_001],
    ["peers.list", "limit", 1_000, 1_001],
    ["peers.update", "description", "x".repeat(500), "x".repeat(501)],
    ["peers.update", "display_name", "x".repeat(64), "x".repeat(65)],
    ["peers.register", "session_id", "x".repeat(256), "x".repeat(257)],
    ["peers.register", "metadata", keys(64), keys(65)],
    ["peers.register", "metadata", bytes(16_384), bytes(16_386)],
    ["peers.update", "metadata", keys(64), keys(65)],
    ["session.update", "metadata", keys(64), keys(65)],
    ["session.update", "metadata", bytes(16_384), bytes(16_386)],
    ["questions.askBlocking", "metadata", bytes(16_384), bytes(16_386)],
  ])("%s %s: just under it is taken, just over it is refused by its place", async (name, member, under, over, path = member) => {
    const room = await openMeshRoom();
    const cast = await castOf(room);
    const tried = async (value: unknown): Promise<unknown> => {
      const { input, details } = (await goodCalls[name]?.(room, cast)) ?? { input: {} };
      return room.reply(name as never, { ...input, [member]: value }, details).catch((error: unknown) => error);
    };
    expect(await tried(under)).toEqual(
      expect.toSatisfy((outcome: { status?: number; code?: string }) => Number(outcome.status) < 300 || outcome.code === "aborted"),
    );
    expect(await tried(over)).toMatchObject({ code: "invalid_request", details: { issues: [{ path }] } });
  });

  it.each(["asks.ask", "asks.ack", "messages.notify", "messages.broadcast", "asks.askMany", "questions.answer"])(
    "%s takes sixteen attachments and not seventeen",
    async (name) => {
      const room = await openMeshRoom();
      const cast = await castOf(room);
      const files = await Promise.all(many(17, () => room.put("x")));
      const call = async (attachments: readonly unknown[]) => {
        const { input } = (await goodCalls[name]?.(room, cast)) ?? { input: {} };
        return codeOf(room.reply(name as never, { ...input, attachments }));
      };
      expect([await call(files.slice(1).map((id) => ({ id }))), await call(files)]).toEqual(["taken", "invalid_request"]);
    },
  );
});
