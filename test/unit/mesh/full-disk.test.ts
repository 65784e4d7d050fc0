import { describe, expect, it } from "vitest";
import { type Caller, createMemoryStore, isAnodeError, type OperationName } from "../../../lib/index.js";
import { createFaultyStore } from "../../../lib/testing/index.js";
import { type FakeSocket, fakeSocket } from "../../support/fake-socket.js";
import { openTestMesh, type TestMesh } from "../../support/mesh.js";

/** What the calls are about: two peers that fetch, one with a socket, and an ask of each kind between them. */
interface World extends TestMesh {
  readonly asker: Caller;
  readonly worker: Caller;
  readonly socket: FakeSocket;
  readonly plain: string;
  readonly typed: string;
  readonly replied: string;
  readonly claim_id: string;
  readonly store: ReturnType<typeof createFaultyStore>;
}

async function openWorld(): Promise<World> {
  const store = createFaultyStore(createMemoryStore());
  const mesh = await openTestMesh({ store });
  const { call, host } = mesh;
  const [{ caller: asker }, { caller: worker }] = [await mesh.peer("asker"), await mesh.peer("worker")];
  const socket = fakeSocket(mesh);
  await socket.send({ type: "connect", v: 1, backend: "service", name: "wired", capabilities: ["delivery_receipts"] });
  await fakeSocket(mesh).send({ type: "connect", v: 1, backend: "service", name: "silent" });
  const ask = async (more: object = {}): Promise<string> =>
    (await call("asks.ask", { to_peer: "worker", text: "?", ...more }, { caller: asker })).correlation_id;
  const [plain, typed, replied] = [await ask(), await ask({ question: { kind: "text" } }), await ask()];
  const waiting = call("asks.wait", { id: replied, timeout_ms: 1 }, { caller: asker });
  await host.clock.advance(1);
  await waiting;
  await call("asks.ack", { correlation_id: replied, message: "done" }, { caller: worker });
  await call("messages.notify", { to_peer: "worker", text: "n" });
  const { claim_id = "" } = await call("messages.claim", { limit: 1 }, { caller: worker });
  return { ...mesh, asker, worker, socket, plain, typed, replied, claim_id, store };
}

type Act = (world: World) => Promise<unknown>;
const by =
  (who: "asker" | "worker", name: OperationName, input: (world: World) => object): Act =>
  (world) =>
    world.reply(name, input(world), { caller: world[who] });
const owned =
  (name: OperationName, input: object): Act =>
  ({ reply }) =>
    reply(name, input);

/** Every call of the mesh that changes something and answers when that is durable. */
const calls: Readonly<Record<string, Act>> = {
  ask: by("asker", "asks.ask", () => ({ to_peer: "worker", text: "?" })),
  "ask over a socket": by("asker", "asks.ask", () => ({ to_peer: "silent", text: "?" })),
  "ask over a socket that refuses": async (world) => {
    const asked = world.reply("asks.ask", { to_peer: "wired", text: "?" }, { caller: world.asker });
    asked.catch(() => {});
    await world.host.clock.advance(0);
    for (const { delivery_id } of world.socket.of("ask")) await world.socket.ack(delivery_id, "failed");
    return asked;
  },
  "ask in the place of another": by("asker", "asks.ask", ({ plain }) => ({ to_peer: "worker", text: "?", reply_to: plain })),
  "ask of nobody who is there": by("asker", "asks.ask", () => ({ to_peer: "human", text: "?", question: { kind: "text" } })),
  "ask many": by("asker", "asks.askMany", () => ({ to_peers: ["worker", "silent", "nobody"], text: "?" })),
  ack: by("worker", "asks.ack", ({ plain }) => ({ correlation_id: plain, message: "yes" })),
  "bare ack": by("worker", "asks.ack", ({ plain }) => ({ correlation_id: plain })),
  "ack of a question": by("worker", "asks.ack", ({ typed }) => ({ correlation_id: typed, message: "yes" })),
  answer: by("worker", "questions.answer", ({ typed }) => ({ correlation_id: typed, text: "yes" })),
  decline: by("worker", "asks.decline", ({ plain }) => ({ id: plain })),
  cancel: by("asker", "asks.cancel", ({ typed }) => ({ id: typed })),
  wait: by("asker", "asks.wait", ({ replied }) => ({ id: replied, timeout_ms: 1 })),
  notify: by("asker", "messages.notify", () => ({ to_peer: "worker", text: "n" })),
  "notify over a socket": by("asker", "messages.notify", () => ({ to_peer: "silent", text: "n" })),
  broadcast: by("asker", "messages.broadcast", () => ({ text: "b" })),
  claim: by("worker", "messages.claim", () => ({})),
  confirm: by("worker", "messages.confirm", ({ claim_id }) => ({ claim_id })),
  "session update": by("worker", "session.update", () => ({ peer_name: "worker", status: "busy" })),
  register: owned("peers.register", { backend: "codex", name: "new" }),
  "register again": async ({ reply, worker }) => reply("peers.register", { backend: "service", peer_id: worker.peer_id }),
  update: owned("peers.update", { id: "worker", description: "at work" }),
  offline: owned("peers.offline", { id: "worker" }),
  retire: owned("peers.offline", { id: "worker", terminal: true }),
  remove: owned("peers.remove", { id: "worker" }),
};

/** How an ask has ended, as far as it has. */
const endsOf = async ({ call }: TestMesh, ids: readonly string[]): Promise<unknown[]> =>
  Promise.all(
    ids.map(async (id) => (({ state, close_reason, reply_text }) => ({ state, close_reason, reply_text }))(await call("asks.get", { id }))),
  );

describe("A disk without space holds no call:", () => {
  /** So many commits pass before the first that finds no space; none = that is known before the call. */
  const passing = [undefined, 0, 1, 2, 3];
  it.each(Object.entries(calls).flatMap(([name, act]) => passing.map((after) => ({ name, act, after }))))(
    "$name, after $after commits",
    async ({ act, after }) => {
      const world = await openWorld();
      const { store, manager, host, plain, typed, replied } = world;
      store.failCommits(1, "storage_full", after ?? 0);
      if (after === undefined) manager.journal.append({});
      await host.clock.advance(0);
      let told: unknown;
      act(world).then(
        (reply) => (told = (reply as { status: number }).status),
        (error: unknown) => (told = isAnodeError(error) ? error.code : error),
      );
      // The receipt that a call may wait for; no second passes, after which the disk would be looked at again.
      await host.clock.advance(0);
      await host.clock.advance(750);
      // It needs fewer commits.
      if (!manager.journal.full) return expect(told).toSatisfy((what) => what === "injection_failed" || typeof what === "number");
      expect(told).toSatisfy((what) => what === "storage_full" || [200, 201, 202].includes(what as number));
      if (after === undefined || after === 0) expect(told).toBe("storage_full");
      // What waited for space is kept, as everybody saw it meanwhile, and the replies are brought.
      const ids = [plain, typed, replied];
      const seen = await endsOf(world, ids);
      await host.clock.advance(1_000);
      await world.settle();
      expect(manager.journal.full).toBe(false);
      expect(await endsOf(world, ids)).toEqual(seen);
      expect(await endsOf(await world.reopen(), ids)).toEqual(seen);
    },
  );

  it("the reply of an ack that was told so is brought when there is space", async () => {
    const world = await openWorld();
    const { call, store, host, plain, asker, worker } = world;
    store.failCommits(1, "storage_full");
    const acking = call("asks.ack", { correlation_id: plain, message: "yes" }, { caller: worker });
    await expect(acking).rejects.toMatchObject({ code: "storage_full" });
    await host.clock.advance(1_000);
    await world.settle();
    const { messages } = await call("messages.claim", {}, { caller: asker });
    expect(messages).toMatchObject([{ kind: "reply", correlation_id: plain, text: "yes" }]);
  });

  it("a receipt that comes meanwhile counts when there is space, and the next ones are taken", async () => {
    const world = await openWorld();
    const { call, store, host, socket } = world;
    const notify = (): Promise<{ delivery_id: string }> => call("messages.notify", { to_peer: "wired", text: "n" });
    const sending = [notify(), notify()];
    await host.clock.advance(750);
    const [first, second] = await Promise.all(sending);
    store.failCommits(1, "storage_full");
    for (const sent of [first, second]) await socket.ack(sent?.delivery_id);
    await host.clock.advance(1_000);
    await world.settle();
    for (const sent of [first, second])
      expect(await call("messages.get", { delivery_id: sent?.delivery_id ?? "" })).toMatchObject({ delivery_state: "delivered" });
  });
});
