import { createHash } from "node:crypto";
import { type Caller, isAnodeError, localCaller, type Store } from "../../../lib/index.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import { createFaultyStore, createTestHost, type FaultyStore } from "../../../lib/testing/index.js";
import { openTestMesh, type TestMesh } from "../../support/mesh.js";
import { compare } from "./mesh-compare.js";
import { ModelSocket } from "./mesh-model-socket.js";
import { Proofs, Witness } from "./mesh-witness.js";
import { createRandom, type Random } from "./random.js";

export interface MeshModelOptions {
  readonly seed: number;
  readonly steps: number;
  /** Puts a wrong store between the mesh and the right one. */
  readonly wrap?: (store: Store) => Store;
}

/** What a run of the model found. */
export interface MeshModelReport {
  readonly steps: number;
  readonly asks: number;
  readonly closed: number;
  readonly messages: number;
  readonly restarts: number;
  readonly violations: readonly string[];
}

/** Refusals that random calls are meant to meet; anything else is a violation. */
const expectedRefusals = new Set([
  "peer_not_found",
  "peer_retired",
  "ambiguous_peer",
  "name_taken",
  "too_many_peers",
  "inbox_full",
  "correlation_conflict",
  "no_live_transport",
  "injection_failed",
  "ask_closed",
  "ask_not_found",
  "not_the_recipient",
  "not_the_asker",
  "sender_not_found",
  "question_closed",
  "question_not_found",
  "question_full",
  "not_a_question",
  "invalid_option",
  "invalid_answer",
  "claim_expired",
  "storage_full",
  "too_many_waits",
  "identity_unproven",
  "aborted",
]);

const names = ["a", "b", "c", "d", "e"];
const limits = { peers: 14, messageQueue: 10, openAsks: 8 };

/** A mesh over a store of its own life, and what is known of it from outside. */
class World {
  // A digest that is made in another thread comes when it likes: then a seed would not repeat anything.
  readonly host = { ...createTestHost(), digest: async (text: string) => createHash("sha256").update(text).digest("hex") };
  readonly proofs = new Proofs();
  readonly witness = new Witness(this.proofs);
  readonly inner = createMemoryStore();
  readonly random: Random;
  readonly sockets = new Map<string, ModelSocket>();
  readonly claims: { readonly claim_id: string; readonly ids: readonly string[]; readonly caller: Caller }[] = [];
  /** Messages that went by another channel in between: the order holds within one. */
  readonly pulled = new Set<string>();
  mesh!: TestMesh;
  faulty!: FaultyStore;
  restarts = 0;
  readonly #options: MeshModelOptions;
  #readLines = 0;

  constructor(options: MeshModelOptions) {
    this.#options = options;
    this.random = createRandom(options.seed);
  }

  get violations(): string[] {
    return this.witness.violations;
  }

  async open(): Promise<void> {
    const { wrap = (store: Store) => store } = this.#options;
    this.faulty = createFaultyStore(this.witness.over(this.inner));
    this.mesh = await openTestMesh({ host: this.host, store: wrap(this.faulty), manager: { limits } });
  }

  /** As if the process were killed: what was not committed is gone, and so are sockets, claims and those who wait. */
  async restart(): Promise<void> {
    this.restarts += 1;
    // Whatever the old life still does, it never gets to the store.
    this.faulty.holdCommits();
    this.mesh.mesh.close();
    for (const socket of this.sockets.values()) socket.dead = true;
    this.sockets.clear();
    this.claims.length = 0;
    await this.open();
  }

  /** Hears what a call answers: an unexpected refusal is a violation. */
  tried<Value>(name: string, call: Promise<Value>, answered: (value: Value) => void | Promise<void> = () => {}): void {
    const life = this.restarts;
    call.then(
      (value) => (life === this.restarts ? answered(value) : undefined),
      (error: unknown) => {
        if (!isAnodeError(error) || !expectedRefusals.has(error.code)) {
          this.violations.push(`${name} is refused with ${error instanceof Error ? error.stack : String(error)}`);
        }
      },
    );
  }

  /** What the log told of failures that nobody was told of. */
  readLog(): void {
    for (const { event, data } of this.host.lines.slice(this.#readLines)) {
      const text = JSON.stringify(data);
      if (/stale_commit|overtaken|TypeError|ReferenceError/.test(text)) this.violations.push(`the log says ${event}: ${text}`);
    }
    this.#readLines = this.host.lines.length;
  }

  peer(): { peer_id: string; caller: Caller } | undefined {
    const peer = this.random.pick(this.mesh.mesh.peers.living());
    return peer && { peer_id: peer.peer_id, caller: callerOf(peer.peer_id) };
  }
}

/** Drives a mesh with random operations and holds what it does against what must be true of every peer, ask and message. */
export async function runMeshModel(options: MeshModelOptions): Promise<MeshModelReport> {
  const world = new World(options);
  const lost = (error: unknown): void =>
    void world.violations.push(`nobody heard of ${error instanceof Error ? error.stack : String(error)}`);
  process.on("unhandledRejection", lost);
  try {
    await world.open();
    for (let step = 0; step < options.steps && world.violations.length === 0; step += 1) {
      await operate(world);
      if (world.random.chance(0.75)) await turn();
      if (step % 97 === 96) await rest(world);
      if (step % 400 === 399) await world.restart();
    }
    await rest(world);
    if (world.violations.length === 0) await finish(world);
    world.mesh.mesh.close();
  } finally {
    process.off("unhandledRejection", lost);
  }
  const { witness, restarts, violations } = world;
  return {
    steps: options.steps,
    asks: witness.asks.size,
    closed: witness.closedAsks,
    messages: witness.messages.size,
    restarts,
    violations,
  };
}

async function operate(world: World): Promise<void> {
  const { random, mesh, host, faulty } = world;
  const kind = random.below(100);
  if (kind < 6) register(world);
  else if (kind < 8) change(world);
  else if (kind < 22) ask(world);
  else if (kind < 34) end(world);
  else if (kind < 38) wait(world);
  else if (kind < 40) askMany(world);
  else if (kind < 52) notify(world);
  else if (kind < 54) broadcast(world);
  else if (kind < 62) claim(world);
  else if (kind < 66) confirm(world);
  else if (kind < 70) connect(world);
  else if (kind < 82) receipt(world);
  else if (kind < 84) lose(world);
  else if (kind < 87) report(world);
  else if (kind < 92) await host.clock.advance(random.below(random.chance(0.1) ? 400_000 : 2_000));
  else if (kind < 93) mesh.mesh.sweep();
  else if (kind < 95) faulty.holdCommits();
  else if (kind < 98) faulty.releaseCommits(random.chance(0.5) ? 1 : undefined);
  else faulty.failCommits(1 + random.below(2), "storage_full");
}

function register(world: World): void {
  const { mesh, random } = world;
  const name = random.pick(names) as string;
  const isPane = random.chance(0.3);
  const backend = isPane ? { backend: "claude-code", pane_id: `%${random.below(4)}` } : { backend: "service" };
  const session = random.chance(0.5) ? { session_id: `s-${random.below(6)}` } : {};
  const known = random.chance(0.2) ? world.peer() : undefined;
  const identity = known ? { peer_id: known.peer_id } : session;
  const input = { ...backend, ...identity, name, ...(random.chance(0.2) && { circle: "other", circle_source: "explicit" }) };
  const isOwn = known && random.chance(0.5);
  // A built-in peer is nobody's to take up.
  const builtIn = known && ["human", "jobs", "schedules"].includes(mesh.mesh.peers.byId(known.peer_id)?.display_name ?? "");
  if (builtIn) return;
  world.tried("register", mesh.call("peers.register", input as never, isOwn ? { caller: known.caller } : {}), async ({ peer }) => {
    if (!(await world.inner.get("peers", peer.peer_id))) world.violations.push(`${peer.peer_id} was registered and is not stored`);
  });
}

function change(world: World): void {
  const { mesh, random } = world;
  const id = world.peer()?.peer_id ?? "";
  if (["human", "jobs", "schedules"].includes(mesh.mesh.peers.byId(id)?.display_name ?? "")) return;
  const kind = random.below(4);
  if (kind === 0) world.tried("remove", mesh.call("peers.remove", { id }));
  else if (kind === 1) world.tried("offline", mesh.call("peers.offline", { id }));
  else if (kind === 2) world.tried("update", mesh.call("peers.update", { id, description: `d${random.below(9)}` }));
  else world.tried("update", mesh.call("peers.update", { id, display_name: random.pick(names) as string }));
}

function ask(world: World): void {
  const { mesh, random, witness } = world;
  const to = world.peer();
  if (!to) return;
  const older = random.chance(0.2) ? random.pick([...witness.asks.values()].slice(-20)) : undefined;
  // Mostly one of its two ends.
  const replier =
    older && random.chance(0.9) ? { caller: callerOf(random.chance(0.8) ? older.to_peer_id : older.from_peer_id) } : undefined;
  const from = replier ?? (random.chance(0.6) ? world.peer() : undefined);
  const question = random.chance(0.3) ? { kind: random.chance(0.5) ? "text" : "acknowledge" } : undefined;
  const input = {
    to_peer: to.peer_id,
    text: random.chance(0.7) ? "same" : `t${random.below(1000)}`,
    bypass_circle: from === undefined,
    ...(random.chance(0.3) && { correlation_id: `own-${String(random.below(200)).padStart(4, "0")}` }),
    ...(older !== undefined && { reply_to: older.correlation_id }),
    ...(question && { question }),
    ...(random.chance(0.6) && { if_unavailable: "queue" }),
    ...(random.chance(0.1) && { expires_ms: 60_000 }),
  };
  const call = mesh.call("asks.ask", input as never, from ? { caller: from.caller } : {});
  world.tried("ask", forgiving(call), async (made) => {
    if (made && !(await world.inner.get("asks", made.correlation_id)))
      world.violations.push(`${made.correlation_id} was taken and is not stored`);
  });
}

function end(world: World): void {
  const { mesh, random, witness, proofs } = world;
  const open = [...witness.asks.values()].filter(({ state }) => state === "open");
  const one = random.pick(random.chance(0.9) ? open : [...witness.asks.values()].slice(-20));
  if (!one) return;
  const { correlation_id: id, to_peer_id, from_peer_id, question } = one;
  const caller = random.chance(0.5) ? localCaller : callerOf(random.chance(0.95) ? to_peer_id : from_peer_id);
  const kind = random.below(10);
  const stays = async (): Promise<void> => {
    const stored = (await world.inner.get("asks", id))?.record as { state?: string } | undefined;
    if (stored?.state !== "closed") world.violations.push(`${id} was ended, and is stored as ${stored?.state}`);
  };
  if (kind < 1)
    return world.tried(
      "cancel",
      mesh.call("asks.cancel", { id }, { caller: random.chance(0.5) ? localCaller : callerOf(from_peer_id) }),
      stays,
    );
  proofs.replied.add(id);
  if (kind < 2) return world.tried("decline", mesh.call("asks.decline", { id }, { caller }), stays);
  if (kind < 5 && question) {
    const answer = question.kind === "text" ? { text: "yes" } : {};
    return world.tried("answer", mesh.call("questions.answer", { correlation_id: id, ...answer }, { caller }), stays);
  }
  const message = random.chance(0.6) ? { message: `r${random.below(1000)}` } : {};
  world.tried("ack", mesh.call("asks.ack", { correlation_id: id, ...message }, { caller }), stays);
}

function wait(world: World): void {
  const { mesh, random, witness } = world;
  const one = random.pick([...witness.asks.values()].slice(-10));
  if (!one) return;
  const gone = new AbortController();
  const signal = gone.signal;
  world.tried("wait", mesh.call("asks.wait", { id: one.correlation_id, timeout_ms: 1 + random.below(50_000) }, { signal }));
  if (random.chance(0.3)) setImmediate(() => gone.abort());
}

function askMany(world: World): void {
  const to_peers = [world.peer(), world.peer(), world.peer()].map((peer) => peer?.peer_id ?? "nobody");
  const input = { to_peers, text: "all", timeout_ms: 1_000 + world.random.below(60_000), bypass_circle: true };
  world.tried("askMany", world.mesh.call("asks.askMany", input), async ({ parent_id }) => {
    if (!(await world.inner.get("ask_many", parent_id))) world.violations.push(`${parent_id} was taken and is not stored`);
  });
}

function notify(world: World): void {
  const { mesh, random } = world;
  const [to, from] = [world.peer(), random.chance(0.6) ? world.peer() : undefined];
  if (!to) return;
  const input = {
    to_peer: to.peer_id,
    text: `n${random.below(1000)}`,
    bypass_circle: from === undefined,
    ...(random.chance(0.2) && { if_unavailable: "fail" }),
  };
  world.tried("notify", forgiving(mesh.call("messages.notify", input as never, from ? { caller: from.caller } : {})), async (made) => {
    if (made && !(await world.inner.get("messages", made.delivery_id)))
      world.violations.push(`${made.delivery_id} was taken and is not stored`);
  });
}

function broadcast(world: World): void {
  world.tried("broadcast", world.mesh.call("messages.broadcast", { text: "hear" }));
}

function claim(world: World): void {
  const peer = world.peer();
  if (!peer) return;
  for (const { delivery_id } of world.mesh.mesh.mail.waiting(peer.peer_id)) world.pulled.add(delivery_id);
  const input = { peer_id: peer.peer_id, limit: 1 + world.random.below(4), lease_ms: 1 + world.random.below(60_000) };
  world.tried("claim", world.mesh.call("messages.claim", input), ({ claim_id, messages }) => {
    if (claim_id === undefined) return;
    const ids = messages.map(({ delivery_id }) => delivery_id);
    for (const { delivery_id, to_peer_id } of messages) {
      if (to_peer_id !== peer.peer_id) world.violations.push(`${delivery_id} was given to another peer`);
    }
    const order = [...world.witness.messages.keys()];
    const places = ids.map((id) => order.indexOf(id));
    if (places.some((place, at) => at > 0 && place < (places[at - 1] as number)))
      world.violations.push(`${claim_id} is out of order: ${ids.join()}`);
    world.claims.push({ claim_id, ids, caller: peer.caller });
  });
}

function confirm(world: World): void {
  const { random, claims, proofs, mesh } = world;
  const one = random.pick(claims.slice(-6));
  if (!one) return;
  const some = random.chance(0.5) ? one.ids.filter(() => random.chance(0.5)) : one.ids;
  for (const id of some) {
    proofs.received.add(id);
    proofs.confirmed.add(id);
  }
  world.tried("confirm", mesh.call("messages.confirm", { claim_id: one.claim_id, delivery_ids: [...some] }));
}

function connect(world: World): void {
  const peer = world.peer();
  const record = peer && world.mesh.mesh.peers.byId(peer.peer_id);
  if (!record || ["human", "jobs", "schedules"].includes(record.display_name)) return;
  const socket = new ModelSocket(world, record, world.random.chance(0.7));
  world.sockets.set(record.peer_id, socket);
}

function receipt(world: World): void {
  const { random } = world;
  const socket = random.pick([...world.sockets.values()]);
  if (!socket || socket.dead) return;
  const frame = random.pick(socket.unanswered);
  if (!frame) return;
  if (random.chance(0.9)) socket.unanswered.splice(socket.unanswered.indexOf(frame), 1);
  const status = random.chance(0.75) ? "injected" : random.chance(0.5) ? "failed" : "rejected";
  const detail = status === "rejected" && random.chance(0.5) ? { detail: "not_idle" } : {};
  if (frame.correlation_id !== undefined && random.chance(0.2)) {
    world.proofs.replied.add(frame.correlation_id);
    socket.send({ type: "reply", correlation_id: frame.correlation_id, message: "by socket" });
    return;
  }
  if (socket.hasReceipts) {
    world.proofs.receipts.add(frame.delivery_id);
    if (status === "injected") world.proofs.received.add(frame.delivery_id);
  }
  socket.send({ type: "delivery_ack", delivery_id: frame.delivery_id, status, ...detail });
}

function lose(world: World): void {
  const socket = world.random.pick([...world.sockets.values()]);
  socket?.lose();
}

function report(world: World): void {
  const peer = world.peer();
  if (!peer) return;
  const turn_state = world.random.pick(["idle", "idle", "working", "awaiting_input"] as const) as "idle";
  world.tried("report", world.mesh.call("session.update", { peer_id: peer.peer_id, turn_state }, { caller: peer.caller }));
}

/** Lets everything come to rest, then compares what the process knows with what is stored. */
async function rest(world: World): Promise<void> {
  world.faulty.releaseCommits();
  let isSettled = false;
  void world.mesh.settle().then(() => (isSettled = true));
  // A receipt is waited for, and the store is asked each second whether it has space again.
  for (let round = 0; round < 3 || !isSettled || world.mesh.manager.journal.full; round += 1) await world.host.clock.advance(1_100);
  await turn();
  world.readLog();
  world.violations.push(...(await compare(world)));
}

/** Changes everything once more: a wrong revision would be refused now. Then nothing may be left over. */
async function finish(world: World): Promise<void> {
  const { mesh, witness, proofs } = world;
  await world.restart();
  await rest(world);
  for (const peer of mesh.mesh.peers.living()) {
    if (["human", "jobs", "schedules"].includes(peer.display_name)) continue;
    world.tried("last update", world.mesh.call("peers.update", { id: peer.peer_id, description: "last" }));
  }
  for (const { correlation_id, state, question } of witness.asks.values()) {
    if (state !== "open") continue;
    proofs.replied.add(correlation_id);
    const message = question?.kind === "text" ? { message: "last" } : {};
    world.tried("last ack", world.mesh.call("asks.ack", { correlation_id, ...message }));
  }
  await rest(world);
  const left = [...witness.asks.values()].filter(({ state }) => state === "open");
  if (left.length > 0) world.violations.push(`at the end ${left.length} asks are open: ${left[0]?.correlation_id}`);
  witness.lookBack();
}

/** Two circles are there to be crossed: that they cannot be is proven elsewhere. */
function forgiving<Value>(call: Promise<Value>): Promise<Value | undefined> {
  return call.catch((error: unknown) => {
    if (isAnodeError(error) && error.code === "circle_forbidden") return undefined;
    throw error;
  });
}

function callerOf(peer_id: string): Caller {
  return { id: `token:${peer_id}`, door: "tcp", scopes: ["read", "control"], peer_id };
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
