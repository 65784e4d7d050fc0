import { describe, expect, it } from "vitest";
import { fakeSocket, type FakeSocket } from "../../support/fake-socket.js";
import { openTestMesh, type TestMesh } from "../../support/mesh.js";

const service = { type: "connect", v: 1, backend: "service", name: "worker", capabilities: ["delivery_receipts"] };
const pane = { ...service, backend: "claude-code", pane_id: "%7", session_id: "s-1", hook_version: 1 };

const textsOf = (socket: FakeSocket) => socket.of("notify").map(({ text }) => text);
const idOf = (socket: FakeSocket, text: string) => socket.of("notify").findLast((frame) => frame["text"] === text)?.["delivery_id"];
const states = async ({ call }: TestMesh, peer_id: string) =>
  (await call("deliveries.pending", { peer_id })).messages.map(({ text, delivery_state }) => [text, delivery_state]);

async function notify(mesh: TestMesh, text: string) {
  const reply = mesh.reply("messages.notify", { to_peer: "worker", text });
  reply.catch(() => {});
  await mesh.host.clock.advance(0);
  return reply;
}

async function withQueue(count: number) {
  const mesh = await openTestMesh();
  const { peer_id } = await mesh.peer("worker");
  for (let i = 0; i < count; i += 1) await mesh.call("messages.notify", { to_peer: "worker", text: `${i}` });
  return { mesh, peer_id };
}

describe("Replay", () => {
  it("sends what waited, oldest first, eight at a time, each confirmed by its own receipt", async () => {
    const { mesh, peer_id } = await withQueue(12);
    const socket = fakeSocket(mesh);
    await socket.send({ ...service, peer_id });
    expect(socket.frames[0]).toMatchObject({ type: "connected", queued: 12 });
    expect(textsOf(socket)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
    expect(socket.of("notify").every((frame) => frame["replay"] === true)).toBe(true);
    expect((await states(mesh, peer_id)).map(([, state]) => state)).toEqual([...Array(8).fill("claimed"), ...Array(4).fill("queued")]);
    await socket.ack(idOf(socket, "3"));
    expect(textsOf(socket).slice(8)).toEqual(["8"]);
    const { delivery_id } = (await mesh.call("messages.list", { state: "delivered" })).messages[0] ?? { delivery_id: "" };
    expect(delivery_id).toBe(idOf(socket, "3"));
    const { stages } = await mesh.call("traces.get", { trace_id: delivery_id });
    expect(stages.map(({ stage }) => stage).slice(2)).toEqual(["pending", "claimed", "websocket_sent", "hook_received", "pane_injected"]);
    for (const text of ["0", "1", "2", "4", "5", "6", "7", "8", "9", "10", "11"]) await socket.ack(idOf(socket, text));
    expect(textsOf(socket)).toHaveLength(12);
    expect(await states(mesh, peer_id)).toEqual([]);
  });

  it("keeps a new message behind those that wait", async () => {
    const { mesh, peer_id } = await withQueue(9);
    const socket = fakeSocket(mesh);
    await socket.send({ ...service, peer_id });
    expect((await notify(mesh, "new")).status).toBe(202);
    for (let i = 0; i < 9; i += 1) await socket.ack(idOf(socket, `${i}`));
    expect(textsOf(socket).slice(8)).toEqual(["8", "new"]);
  });

  it("puts back in order what was not confirmed within its lease, and tries again later", async () => {
    const { mesh, peer_id } = await withQueue(3);
    // Not in step with the sweep, which tries what waits.
    await mesh.host.clock.advance(10_000);
    const socket = fakeSocket(mesh);
    await socket.send({ ...service, peer_id });
    await socket.ack(idOf(socket, "1"));
    await mesh.host.clock.advance(29_999);
    expect(await states(mesh, peer_id)).toEqual([
      ["0", "claimed"],
      ["2", "claimed"],
    ]);
    await mesh.host.clock.advance(1);
    expect(await states(mesh, peer_id)).toEqual([
      ["0", "queued"],
      ["2", "queued"],
    ]);
    const [first, second] = [idOf(socket, "0"), idOf(socket, "2")];
    await mesh.host.clock.advance(29_999);
    expect(textsOf(socket)).toHaveLength(3);
    await mesh.host.clock.advance(1);
    expect(textsOf(socket)).toEqual(["0", "1", "2", "0", "2"]);
    expect([idOf(socket, "0"), idOf(socket, "2")]).toEqual([first, second]);
    // A receipt that is later than the lease still counts.
    await socket.ack(first);
    expect(await states(mesh, peer_id)).toEqual([["2", "claimed"]]);
  });

  it.each(["failed", "rejected"])("puts back in order what was %s, and does not try again at once", async (status) => {
    const { mesh, peer_id } = await withQueue(10);
    const socket = fakeSocket(mesh);
    await socket.send({ ...service, peer_id });
    await socket.ack(idOf(socket, "0"), status, "no");
    expect((await states(mesh, peer_id))[0]).toEqual(["0", "queued"]);
    expect(textsOf(socket)).toHaveLength(8);
    await mesh.host.clock.advance(29_000);
    expect(textsOf(socket)).toHaveLength(8);
  });

  it("puts back in order what a lost socket had, with the same ids for the next one", async () => {
    const { mesh, peer_id } = await withQueue(10);
    const [first, second] = [fakeSocket(mesh), fakeSocket(mesh)];
    await first.send({ ...service, peer_id });
    first.leave();
    await mesh.host.clock.advance(0);
    expect(await states(mesh, peer_id)).toEqual(Array.from({ length: 10 }, (_, i) => [`${i}`, "queued"]));
    await second.send({ ...service, peer_id });
    expect(second.of("notify").map(({ delivery_id }) => delivery_id)).toEqual(first.of("notify").map(({ delivery_id }) => delivery_id));
  });

  it("to a receiver without receipts is sent once it is written, and not again", async () => {
    const { mesh, peer_id } = await withQueue(12);
    const socket = fakeSocket(mesh);
    await socket.send({ ...service, capabilities: [], peer_id });
    expect(textsOf(socket)).toHaveLength(12);
    expect((await mesh.call("messages.list", { state: "sent" })).messages).toHaveLength(12);
    const again = fakeSocket(mesh);
    await again.send({ ...service, capabilities: [], peer_id });
    expect(textsOf(again)).toEqual([]);
  });

  it("waits for a reader that is behind, and goes on when it has caught up", async () => {
    const { mesh, peer_id } = await withQueue(4);
    const socket = fakeSocket(mesh);
    socket.unsentBytes = 600 * 1024;
    await socket.send({ ...service, capabilities: [], peer_id });
    expect(textsOf(socket)).toEqual([]);
    await socket.catchUp();
    expect(textsOf(socket)).toHaveLength(4);
    expect(socket.closed).toBeUndefined();
  });

  it("comes with the same ids after a restart, and what was sent does not come again", async () => {
    const { mesh, peer_id } = await withQueue(3);
    const socket = fakeSocket(mesh);
    await socket.send({ ...service, peer_id });
    await socket.ack(idOf(socket, "0"));
    const later = await mesh.reopen();
    expect((await later.call("peers.get", { id: peer_id })).status).toBe("offline");
    expect((await states(later, peer_id)).map(([, state]) => state)).toEqual(["queued", "queued"]);
    const again = fakeSocket(later);
    await again.send({ ...service, peer_id });
    expect(textsOf(again)).toEqual(["1", "2"]);
    expect([idOf(again, "1"), idOf(again, "2")]).toEqual([idOf(socket, "1"), idOf(socket, "2")]);
    expect((await later.call("peers.get", { id: peer_id })).status).toBe("online");
  });
});

describe("Order", () => {
  it("on a socket is that of the messages, however many are sent at once", async () => {
    const mesh = await openTestMesh();
    const socket = fakeSocket(mesh);
    await socket.send(service);
    const texts = Array.from({ length: 50 }, (_, i) => `${i}`);
    const sent = texts.map((text) => mesh.reply("messages.notify", { to_peer: "worker", text }));
    await mesh.host.clock.advance(0);
    expect(textsOf(socket)).toEqual(texts);
    for (const { delivery_id } of socket.of("notify")) await socket.ack(delivery_id);
    expect((await Promise.all(sent)).every(({ status }) => status === 200)).toBe(true);
  });
});

describe("A pane", () => {
  const connected = async () => {
    const mesh = await openTestMesh();
    const socket = fakeSocket(mesh);
    await socket.send(pane);
    const turn = (turn_state: string) => socket.send({ type: "status", turn_state });
    return { mesh, socket, turn, peer_id: String(socket.frames[0]?.["peer_id"]) };
  };

  it.each([undefined, "working", "awaiting_input", "pending_first_turn"])("gets nothing while its turn is %s", async (state) => {
    const { mesh, socket, turn, peer_id } = await connected();
    if (state !== undefined) await turn(state);
    const { status, body } = await notify(mesh, "hi");
    expect([status, body]).toMatchObject([202, { delivery_state: "queued", reason: "not_idle" }]);
    const ask = await mesh.reply("asks.ask", { to_peer: "worker", text: "why?" });
    expect(ask).toMatchObject({ status: 202, body: { delivery_state: "queued" } });
    await mesh.host.clock.advance(600_000);
    expect([...textsOf(socket), ...socket.of("ask")]).toEqual([]);
    const { messages } = await mesh.call("deliveries.pending", { peer_id });
    const { stages } = await mesh.call("traces.get", { trace_id: String(messages[0]?.delivery_id) });
    expect(stages.filter(({ stage }) => stage === "deferred")).toEqual([
      expect.objectContaining(state === undefined ? {} : { detail: { turn_state: state } }),
    ]);
  });

  it("gets one message for each idle it reports, and works from then on", async () => {
    const { mesh, socket, turn, peer_id } = await connected();
    for (const text of ["1", "2", "3"]) await notify(mesh, text);
    await turn("idle");
    expect(textsOf(socket)).toEqual(["1"]);
    await socket.ack(idOf(socket, "1"));
    expect(await mesh.call("peers.get", { id: peer_id })).toMatchObject({ status: "busy", turn_state: "working" });
    expect(textsOf(socket)).toEqual(["1"]);
    await turn("idle");
    expect(textsOf(socket)).toEqual(["1", "2"]);
    await socket.ack(idOf(socket, "2"));
    await turn("idle");
    expect(textsOf(socket)).toEqual(["1", "2", "3"]);
  });

  it("gets the next one only with the next idle when it never said what became of the first", async () => {
    const { mesh, socket, turn } = await connected();
    await turn("idle");
    const first = notify(mesh, "1");
    await mesh.host.clock.advance(800);
    expect(await first).toMatchObject({ body: { delivery_state: "sent" } });
    expect(await notify(mesh, "2")).toMatchObject({ status: 202, body: { reason: "not_idle" } });
    await mesh.host.clock.advance(60_000);
    expect(textsOf(socket)).toEqual(["1"]);
    await turn("idle");
    expect(textsOf(socket)).toEqual(["1", "2"]);
  });

  it("that was no longer idle gets the message with its next idle", async () => {
    const { mesh, socket, turn } = await connected();
    await turn("idle");
    const reply = notify(mesh, "1");
    await mesh.host.clock.advance(0);
    await socket.ack(idOf(socket, "1"), "rejected", "not_idle");
    expect(await reply).toMatchObject({ status: 202, body: { reason: "not_idle" } });
    await mesh.host.clock.advance(60_000);
    expect(textsOf(socket)).toEqual(["1"]);
    await turn("idle");
    expect(textsOf(socket)).toEqual(["1", "1"]);
  });

  it("that reported idle before a receipt of the turn before is not taken to work", async () => {
    const { mesh, socket, turn, peer_id } = await connected();
    await turn("idle");
    void notify(mesh, "1");
    await mesh.host.clock.advance(1_000);
    await turn("idle");
    await socket.ack(idOf(socket, "1"));
    expect((await mesh.call("peers.get", { id: peer_id })).turn_state).toBe("idle");
  });

  it("is none where a plugin of the runtime has the socket", async () => {
    const mesh = await openTestMesh();
    const socket = fakeSocket(mesh);
    const { hook_version: _none, ...plugin } = { ...pane, backend: "opencode" };
    await socket.send(plugin);
    void notify(mesh, "1");
    await mesh.host.clock.advance(0);
    expect(textsOf(socket)).toEqual(["1"]);
  });
});
