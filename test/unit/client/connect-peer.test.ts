import { describe, expect, it } from "vitest";
import type { PeerSocket, SocketEvents } from "../../../adapters/client/carrier.js";
import { createClient, type PeerDisconnect, type PeerHandlers } from "../../../adapters/client/index.js";
import { AnodeError } from "../../../lib/index.js";
import { createTestHost } from "../../../lib/testing/index.js";

interface Opened {
  readonly headers: Readonly<Record<string, string>>;
  readonly events: SocketEvents;
  readonly sent: Record<string, unknown>[];
  cut: boolean;
}

/** A client whose sockets go nowhere: each opening is answered as `answers` says, then by a socket. */
function peerOf(handlers: PeerHandlers = {}, answers: (AnodeError | undefined)[] = [], more: object = {}) {
  const host = createTestHost();
  const opened: Opened[] = [];
  const left: PeerDisconnect[] = [];
  const carrier = {
    address: "nowhere",
    send: () => Promise.reject(new Error("no calls")),
    close: async () => {},
    async openSocket(headers: Readonly<Record<string, string>>, events: SocketEvents): Promise<PeerSocket> {
      const refusal = answers.shift();
      if (refusal) throw refusal;
      const one: Opened = { headers, events, sent: [], cut: false };
      opened.push(one);
      return {
        send: (text) => void one.sent.push(JSON.parse(text) as Record<string, unknown>),
        close: () => events.closed(1000, ""),
        cut: () => {
          one.cut = true;
          events.closed(1006, "");
        },
      };
    },
  };
  const client = createClient(carrier, { token: "tok", host, random: () => 0.5 });
  const peer = client.connectPeer({ backend: "service", name: "worker", ...more }, { ...handlers, disconnected: (why) => left.push(why) });
  const settle = () => host.clock.advance(0);
  const say = (frame: object) => {
    opened.at(-1)?.events.message(JSON.stringify(frame));
    return settle();
  };
  const connected = async () => {
    await settle();
    await say({
      type: "connected",
      peer_id: "peer-1",
      display_name: "worker-2",
      circle: "default",
      peer_token: "own",
      queued: 0,
      heartbeat_ms: 30_000,
    });
  };
  return { host, opened, left, peer, client, settle, say, connected };
}

const notify = { type: "notify", delivery_id: "dlv-1", from_peer: "a", from_peer_id: "peer-a", to_peer_id: "peer-1", text: "hi" };

describe("connectPeer", () => {
  it("registers first, and comes back as the peer that it was, with its own token", async () => {
    const { opened, connected, host, left, peer } = peerOf();
    await connected();
    expect(await peer.ready).toMatchObject({ peer_id: "peer-1", display_name: "worker-2" });
    expect(opened[0]).toMatchObject({
      headers: { authorization: "Bearer tok" },
      sent: [{ type: "connect", v: 1, backend: "service", name: "worker", capabilities: ["delivery_receipts"] }],
    });
    opened[0]?.events.closed(1001, "away");
    expect(left).toEqual([{ code: 1001, reason: "away", retryMs: 750 }]);
    await host.clock.advance(750);
    expect(opened[1]?.headers).toEqual({ authorization: "Bearer own" });
    expect(opened[1]?.sent[0]).toEqual({
      type: "connect",
      v: 1,
      backend: "service",
      peer_id: "peer-1",
      capabilities: ["delivery_receipts"],
    });
  });

  it.each([
    [1001, 750],
    [1006, 750],
    [4000, 750],
    [4008, 750],
    [1008, 30_000],
    [1009, 30_000],
    [1013, 30_000],
    ...[4001, 4002, 4003, 4004, 4005, 4006, 4009].map((code) => [code, undefined]),
  ])("after the close code %i tries again in %s ms", async (code, retryMs) => {
    const { opened, connected, left, peer, host } = peerOf();
    await connected();
    opened[0]?.events.closed(code as number, "x");
    expect(left).toEqual([{ code, reason: "x", ...(retryMs !== undefined && { retryMs }) }]);
    if (retryMs === undefined) expect(await peer.ended).toEqual({ code, reason: "x" });
    await host.clock.advance(60_000);
    expect(opened).toHaveLength(retryMs === undefined ? 1 : 2);
  });

  it("waits longer each time, up to half a minute, and briefly again once it was connected", async () => {
    const { opened, connected, host, left } = peerOf({}, []);
    for (let i = 0; i < 8; i += 1) {
      await host.clock.advance(left.at(-1)?.retryMs ?? 0);
      opened.at(-1)?.events.closed(1006, "");
    }
    expect(left.map(({ retryMs }) => retryMs)).toEqual([750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500, 22_500]);
    await host.clock.advance(22_500);
    await connected();
    opened.at(-1)?.events.closed(1006, "");
    expect(left.at(-1)?.retryMs).toBe(750);
  });

  it.each([
    [new AnodeError("connection_refused", "x"), 750],
    [new AnodeError("too_many_streams", "x", { retryAfterSeconds: 7 }), 7_000],
    [new AnodeError("auth_invalid", "x"), undefined],
    [new AnodeError("scope_required", "x"), undefined],
    [new AnodeError("not_found", "x"), undefined],
  ])("after an opening that failed with %o tries again in %s ms", async (error, retryMs) => {
    const { left, settle, peer } = peerOf({}, [error]);
    await settle();
    expect(left).toMatchObject([{ error, ...(retryMs !== undefined && { retryMs }) }]);
    if (retryMs === undefined) await expect(peer.ready).rejects.toBe(error);
  });

  it("acknowledges what a handler did with a message, and hands over a repeated one no second time", async () => {
    const seen: string[] = [];
    const { connected, say, opened } = peerOf({
      notify: ({ text }) => {
        seen.push(text);
        if (text === "bad") throw new Error("no");
        return text === "later" ? { status: "rejected", detail: "not_idle" } : undefined;
      },
    });
    await connected();
    await say(notify);
    await say({ ...notify, replay: true });
    await say({ ...notify, delivery_id: "dlv-2", text: "bad" });
    await say({ ...notify, delivery_id: "dlv-2", text: "bad", replay: true });
    await say({ ...notify, delivery_id: "dlv-3", text: "later" });
    await say({ ...notify, type: "broadcast", delivery_id: "dlv-4" });
    expect(seen).toEqual(["hi", "bad", "bad", "later"]);
    const acks = opened[0]?.sent
      .filter(({ type }) => type === "delivery_ack")
      .map(({ delivery_id, status, detail }) => [delivery_id, status, detail]);
    expect(acks).toEqual([
      ["dlv-1", "injected", undefined],
      ["dlv-1", "injected", undefined],
      ["dlv-2", "failed", "Error: no"],
      ["dlv-2", "failed", "Error: no"],
      ["dlv-3", "rejected", "not_idle"],
      ["dlv-4", "rejected", "no handler of broadcast"],
    ]);
  });

  it("remembers the newest 1,024 deliveries, over its connections", async () => {
    let count = 0;
    const { connected, say, opened, host } = peerOf({ notify: () => void (count += 1) });
    await connected();
    for (let i = 0; i < 1_025; i += 1) opened[0]?.events.message(JSON.stringify({ ...notify, delivery_id: `dlv-${i}` }));
    opened[0]?.events.closed(1006, "");
    await host.clock.advance(750);
    await say({ ...notify, delivery_id: "dlv-1024" });
    await say({ ...notify, delivery_id: "dlv-1" });
    expect(count).toBe(1_025);
    await say({ ...notify, delivery_id: "dlv-0" });
    expect(count).toBe(1_026);
  });

  it("settles replies and changes by what the daemon answers, or by the loss of the socket", async () => {
    const { connected, say, opened, peer } = peerOf();
    await expect(peer.reply({ correlation_id: "ask-0" })).rejects.toMatchObject({ code: "connection_lost" });
    await connected();
    const [first, second, change] = [
      peer.reply({ correlation_id: "ask-1", message: "a" }),
      peer.reply({ correlation_id: "ask-1" }),
      peer.update({ model: "m" }),
    ];
    second.catch(() => {});
    change.catch(() => {});
    await say({ type: "result", for: "ask-1", ok: true });
    await say({ type: "result", for: "ask-1", ok: false, code: "ask_closed" });
    await first;
    await expect(second).rejects.toMatchObject({ code: "ask_closed" });
    opened[0]?.events.closed(1006, "");
    await expect(change).rejects.toMatchObject({ code: "connection_lost" });
  });

  it("answers pings with what it knows of its pane, and cuts a daemon that is silent for three of them", async () => {
    const { connected, say, opened, host } = peerOf({ paneAlive: () => false });
    await connected();
    await say({ type: "ping", nonce: "7" });
    expect(opened[0]?.sent.at(-1)).toEqual({ type: "pong", nonce: "7", pane_alive: false });
    await host.clock.advance(89_999);
    expect(opened[0]?.cut).toBe(false);
    await host.clock.advance(1);
    expect(opened[0]?.cut).toBe(true);
  });

  it("ends for good when it is closed, or its client is", async () => {
    const one = peerOf();
    await one.connected();
    await one.peer.close();
    expect(await one.peer.ended).toMatchObject({ reason: "closed here" });
    const two = peerOf();
    await two.client.close();
    expect(await two.peer.ended).toMatchObject({ reason: "closed here" });
    await two.host.clock.advance(60_000);
    expect(two.left).toHaveLength(1);
  });
});
