import { connect as connectNet } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { PeerDisconnect } from "../../adapters/client/index.js";
import { daemonHere, daemonPlace } from "../support/daemon.js";
import { clientOf, rawSocket, rootToken } from "../support/raw-socket.js";
import { verifiesWith } from "./verifies.js";

const service = { type: "connect", v: 1, backend: "service", name: "worker", capabilities: ["delivery_receipts"] };
const doors = ["tcp", "unix"] as const;

async function until<Value>(look: () => Value | undefined | Promise<Value | undefined>, ms = 10_000): Promise<Value> {
  for (const end = Date.now() + ms; ; ) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error("it did not happen in time");
    await new Promise((resolve) => void setTimeout(resolve, 10));
  }
}

/** A peer is asked and answers, is told, and its newer socket takes over from the older. */
async function isServed(over: (typeof doors)[number]): Promise<void> {
  const daemon = await daemonHere(daemonPlace());
  const client = await clientOf(daemon, over);
  const asked: string[] = [];
  const peer = client.connectPeer(
    { backend: "service", name: "upper" },
    {
      ask({ correlation_id, text }) {
        asked.push(text);
        void peer.reply({ correlation_id, message: text.toUpperCase() });
      },
    },
  );
  const { peer_id } = await peer.ready;
  const ask = await client.asks.ask({ to_peer: "upper", text: "hello" });
  expect(await client.asks.wait({ id: ask.correlation_id })).toMatchObject({ status: "resolved", reply_text: "HELLO" });
  const newer = await rawSocket(daemon, { over });
  newer.send({ ...service, name: "upper", peer_id });
  expect(await peer.ended).toMatchObject({ code: 4005 });
  await newer.next("connected");
  const later = await client.messages.notify({ to_peer: "upper", text: "to the newer" });
  expect(later.delivery_state).toBe("sent");
  expect(await newer.next("notify")).toMatchObject({ text: "to the newer" });
  expect(asked).toEqual(["hello"]);
}

describe("A peer's socket", () => {
  verifiesWith("mesh.sockets", "tcp", () => isServed("tcp"));
  verifiesWith("mesh.sockets", "unix", () => isServed("unix"));
});

describe("Peers", () => {
  it("come back by themselves after a restart, get what waited once, with its id, and the feed goes on", async () => {
    const place = daemonPlace();
    const first = await daemonHere(place);
    const client = await clientOf(first, "unix");
    const got: string[] = [];
    const connections: string[] = [];
    const peer = client.connectPeer(
      { backend: "service", name: "worker" },
      {
        connected: ({ peer_id, queued }) => connections.push(`${peer_id} ${queued}`),
        notify: ({ delivery_id, text }) => void got.push(`${delivery_id} ${text}`),
      },
    );
    const { peer_id } = await peer.ready;
    await client.messages.notify({ to_peer: "worker", text: "before" });
    await peer.close();
    const waiting = [];
    for (let i = 0; i < 20; i += 1) waiting.push(await client.messages.notify({ to_peer: "worker", text: `waits ${i}` }));
    expect(new Set(waiting.map(({ delivery_state }) => delivery_state))).toEqual(new Set(["queued"]));
    const seq = (await client.events.list({})).last_seq;
    await first.close();
    const second = await daemonHere(place);
    const again = await clientOf(second);
    const back = again.connectPeer(
      { backend: "service", peer_id },
      { notify: ({ delivery_id, text }) => void got.push(`${delivery_id} ${text}`) },
    );
    expect(await back.ready).toMatchObject({ peer_id, queued: 20 });
    await until(() => (got.length >= 21 ? true : undefined));
    expect(got.slice(1)).toEqual(waiting.map(({ delivery_id }, i) => `${delivery_id} waits ${i}`));
    await until(async () => ((await again.deliveries.pending({ peer_id })).total === 0 ? true : undefined));
    const { events } = await again.events.list({ after: seq, limit: 1_000 });
    expect(events[0]?.seq).toBe(seq + 1);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => seq + 1 + i));
  });
});

describe("The upgrade", () => {
  it.each(doors)("refuses a wrong credential with 401 and a problem document, over %s", async (over) => {
    const daemon = await daemonHere(daemonPlace());
    const refused = rawSocket(daemon, { over, token: "anode_at_wrong" });
    await expect(refused).rejects.toMatchObject({ status: 401, document: { code: "auth_invalid" } });
  });

  it("takes the bearer from the offered protocols, and echoes none of it", async () => {
    const daemon = await daemonHere(daemonPlace());
    const token = rootToken(daemon);
    const socket = await rawSocket(daemon, { over: "tcp", token: null, protocols: ["anode.mesh.v1", `bearer.${token}`] });
    expect(socket.ws.protocol).toBe("anode.mesh.v1");
    socket.send(service);
    await socket.next("connected");
    const wrong = rawSocket(daemon, { over: "tcp", token: null, protocols: ["anode.mesh.v1", "bearer.wrong"] });
    await expect(wrong).rejects.toMatchObject({ status: 401 });
    const twice = rawSocket(daemon, { over: "tcp", protocols: ["anode.mesh.v1", `bearer.${token}`] });
    await expect(twice).rejects.toMatchObject({ status: 401 });
  });

  it("passes the gate: foreign origins, other hosts, other paths, weak tokens", async () => {
    const daemon = await daemonHere(daemonPlace());
    const client = await clientOf(daemon);
    const { token } = await client.tokens.create({ label: "reader", scopes: ["read"] });
    const open = (more: object) => rawSocket(daemon, { over: "tcp", ...more });
    await expect(open({ headers: { origin: "http://evil.example" } })).rejects.toMatchObject({ status: 403 });
    await expect(open({ headers: { host: "evil.example" } })).rejects.toMatchObject({ status: 421 });
    await expect(open({ token })).rejects.toMatchObject({ status: 403, document: { code: "scope_required" } });
    await expect(open({ headers: { "content-length": "5" } })).rejects.toMatchObject({ status: 400 });
  });

  it("leaves the first frame to bring the credential only where that is configured", async () => {
    const place = daemonPlace();
    const { mkdirSync } = await import("node:fs");
    mkdirSync(place.home.path, { mode: 0o700 });
    const config = { daemon: { auth_token: "a-long-token-of-the-operator-0123456789" }, mesh: { ws_first_frame_auth: true } };
    writeFileSync(join(place.home.path, "config.json"), JSON.stringify(config), { mode: 0o600 });
    const daemon = await daemonHere(place);
    const open = () => rawSocket(daemon, { over: "tcp", token: null });
    const [right, wrong, none, full, big] = await Promise.all([open(), open(), open(), open(), open()]);
    const first = { ...service, auth_token: config.daemon.auth_token };
    right.send(first);
    wrong.send({ ...service, auth_token: "wrong" });
    none.send(service);
    const frameOf = (bytes: number): object => {
      const bare = JSON.stringify({ ...first, metadata: { text: "" } }).length;
      return { ...first, metadata: { text: "x".repeat(bytes - bare) } };
    };
    full.send(frameOf(16_384));
    big.send(frameOf(16_385));
    await right.next("connected");
    await full.next("connected");
    expect(await Promise.all([wrong.closed, none.closed, big.closed])).toEqual([4001, 4001, 1009]);
    const idle = await Promise.all(Array.from({ length: 32 }, open));
    await expect(open()).rejects.toMatchObject({ status: 503, document: { code: "too_many_streams" } });
    for (const socket of idle) socket.ws.terminate();
    const closed = await daemonHere(daemonPlace());
    await expect(rawSocket(closed, { over: "tcp", token: null, headers: { "x-forwarded-for": "1.2.3.4" } })).rejects.toMatchObject({
      status: 401,
    });
  });

  it("ends a socket whose token is revoked", async () => {
    const daemon = await daemonHere(daemonPlace());
    const client = await clientOf(daemon);
    const { token, id } = await client.tokens.create({ label: "worker", scopes: ["read", "control"] });
    const socket = await rawSocket(daemon, { over: "tcp", token });
    socket.send(service);
    await socket.next("connected");
    await client.tokens.revoke({ id });
    expect(await socket.closed).toBe(4001);
  });
});

describe("A hostile client", () => {
  it("that never acknowledges holds nobody up, and a flood of its frames ends it alone", async () => {
    const daemon = await daemonHere(daemonPlace());
    const client = await clientOf(daemon);
    const mute = await rawSocket(daemon, { over: "unix" });
    mute.send({ ...service, name: "mute" });
    await mute.next("connected");
    const good = client.connectPeer({ backend: "service", name: "good" }, { notify: () => {} });
    await good.ready;
    const startedAt = Date.now();
    const slow = client.messages.notify({ to_peer: "mute", text: "hi" });
    expect(await client.messages.notify({ to_peer: "good", text: "hi" })).toMatchObject({ delivery_state: "delivered" });
    expect(await slow).toMatchObject({ delivery_state: "sent" });
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(740);
    for (let i = 0; i < 2_000; i += 1) mute.send({ type: "update", description: `d ${i}` });
    for (let i = 0; i < 11; i += 1) mute.ws.send("[");
    expect(await mute.closed).toBe(4006);
    expect(await client.messages.notify({ to_peer: "good", text: "still" })).toMatchObject({ delivery_state: "delivered" });
  });

  it("that reads nothing is closed, and what it did not take waits for it", async () => {
    const daemon = await daemonHere(daemonPlace());
    const client = await clientOf(daemon);
    const socket = await rawSocket(daemon, { over: "unix" });
    socket.send({ ...service, name: "slow" });
    const { peer_id } = await socket.next("connected");
    socket.ws.pause();
    const text = "x".repeat(60_000);
    const sent = await Promise.all(Array.from({ length: 60 }, () => client.messages.notify({ to_peer: "slow", text })));
    await until(async () => ((await client.peers.get({ id: "slow" })).ws_connected ? undefined : true));
    const pending = await client.deliveries.pending({ peer_id: String(peer_id), limit: 100 });
    const states = new Set(sent.map(({ delivery_state }) => delivery_state));
    expect(states).toContain("queued");
    expect(pending.total).toBe(sent.filter(({ queued }) => queued).length);
  });

  it("with half a frame, a binary one, one that is too big, or too many pieces is closed, and nobody else notices", async () => {
    const daemon = await daemonHere(daemonPlace());
    const client = await clientOf(daemon);
    const open = () => rawSocket(daemon, { over: "unix" });
    const [good, big, binary, pieces, broken] = await Promise.all([open(), open(), open(), open(), open()]);
    good.send(service);
    await good.next("connected");
    // As big, and in as many pieces, as may be: it is read, and told to be of no known type.
    const whole = `{"type":"${"x".repeat(1024 * 1024 - 11)}"}`;
    expect(whole).toHaveLength(1024 * 1024);
    good.ws.send(whole);
    expect(await good.next("error")).toMatchObject({ code: "not_supported" });
    for (let i = 1; i <= 256; i += 1) good.ws.send(i === 1 ? '{"type":"x"' : i === 256 ? "}" : " ", { fin: i === 256 });
    expect(await good.next("error", 1)).toMatchObject({ code: "not_supported" });
    good.ws.close();
    big.ws.send("x".repeat(1024 * 1024 + 1));
    binary.ws.send(Buffer.from("{}"));
    for (let i = 1; i <= 257; i += 1) pieces.ws.send("x", { fin: i === 257 });
    // An unmasked frame, which only a server may send.
    (broken.ws as unknown as { readonly _socket: { write(bytes: Buffer): void } })._socket.write(Buffer.from([0x81, 0x02, 0x7b, 0x7d]));
    expect(await Promise.all([big.closed, binary.closed, pieces.closed, broken.closed])).toEqual([1009, 4000, 1008, 1002]);
    const half = connectNet(daemon.home.socket);
    onTestFinished(() => void half.destroy());
    half.write(
      "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    half.write(Buffer.from([0x81, 0xfe, 0x00]));
    await new Promise((resolve) => void half.once("data", resolve));
    half.destroy();
    await until(async () => (JSON.stringify(await client.status()).includes(`"links":0`) ? true : undefined));
    expect(await client.health()).toMatchObject({ status: "ok" });
  });

  it("with more sockets than there is room for is refused, and HTTP still has all its connections", async () => {
    const place = daemonPlace();
    const { mkdirSync } = await import("node:fs");
    mkdirSync(place.home.path, { mode: 0o700 });
    writeFileSync(join(place.home.path, "config.json"), JSON.stringify({ daemon: { limits: { webSockets: 12, connections: 8 } } }), {
      mode: 0o600,
    });
    const daemon = await daemonHere(place);
    for (let i = 0; i < 12; i += 1) {
      const socket = await rawSocket(daemon, { over: "unix" });
      socket.send({ ...service, name: `w${i}` });
      await socket.next("connected");
    }
    await expect(rawSocket(daemon, { over: "unix" })).rejects.toMatchObject({ status: 503, document: { code: "too_many_streams" } });
    const client = await clientOf(daemon);
    const peers = await Promise.all(Array.from({ length: 6 }, () => client.peers.list({ backend: "service" })));
    expect(peers[5]?.peers).toHaveLength(14);
  });

  it("cannot speak for another peer, and its shutdown is orderly", async () => {
    const daemon = await daemonHere(daemonPlace());
    const client = await clientOf(daemon);
    const { peer: other } = await client.peers.register({ backend: "service", name: "other" });
    const mine = client.connectPeer({ backend: "service", name: "mine" }, {});
    const { peer_token = "" } = await mine.ready;
    const thief = await rawSocket(daemon, { over: "tcp", token: peer_token });
    thief.send({ ...service, peer_id: other.peer_id });
    expect(await thief.closed).toBe(4001);
    const left: PeerDisconnect[] = [];
    const third = client.connectPeer({ backend: "service", name: "third" }, { disconnected: (why) => left.push(why) });
    await third.ready;
    const startedAt = Date.now();
    await daemon.close();
    expect(Date.now() - startedAt).toBeLessThan(3_000);
    await until(() => left[0]);
    expect(left[0]).toMatchObject({ code: 1001, retryMs: expect.any(Number) });
    await third.close();
  });
});
