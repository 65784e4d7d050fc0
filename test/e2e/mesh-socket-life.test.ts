import { describe, expect } from "vitest";
import { connect } from "../../adapters/client/index.js";
import type { RunningDaemon } from "../../adapters/daemon/index.js";
import { daemonHere, daemonPlace, daemonProcess, eventually } from "../support/daemon.js";
import { clientOf, type JoinOptions, joined, rawSocket } from "../support/raw-socket.js";
import { verifiesWith } from "./verifies.js";

type Door = "tcp" | "unix";

const statusOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    ({ status }: { status: number }) => status,
  );

async function reportsCount(over: Door): Promise<void> {
  const daemon = await daemonHere(daemonPlace(), { store: "memory" });
  const client = await clientOf(daemon, over);
  await client.peers.register({ backend: "service", name: "taken" });
  const { peer_id: id, ...worker } = await joined(daemon, over, { name: "worker", takes: "injected" });
  const from = (await client.events.list()).last_seq;
  const isSo = (wanted: object) => eventually(async () => expect.objectContaining(wanted).asymmetricMatch(await client.peers.get({ id })));
  worker.send({ type: "status", status: "busy", turn_state: "working" });
  await isSo({ status: "busy", turn_state: "working" });
  worker.send({ type: "update", display_name: "taken" });
  expect(await worker.next("result")).toEqual({ type: "result", for: "update", ok: false, code: "name_taken" });
  worker.send({ type: "update", display_name: "renamed", description: "at work", model: "m-1", metadata: { branch: "main" } });
  expect(await worker.next("result", 1)).toEqual({ type: "result", for: "update", ok: true });
  await isSo({ display_name: "renamed", description: "at work", model: "m-1", metadata: { branch: "main" } });
  const { correlation_id } = await client.asks.ask({ to_peer: "renamed", text: "Which port?", reply_from_turn: true });
  const first_line = `[anode:ask ${correlation_id} from @human to @renamed]`;
  worker.send({ type: "status", turn: { turn_id: "t-1", event: "started", first_line: `They wrote ${first_line}` } });
  worker.send({ type: "status", turn: { turn_id: "t-1", event: "ended", final_message: "not this" } });
  worker.send({ type: "status", turn: { turn_id: "t-2", event: "started", first_line } });
  worker.send({ type: "status", status: "online", turn_state: "idle", turn: { turn_id: "t-2", event: "ended", final_message: "7433" } });
  expect(await client.asks.wait({ id: correlation_id })).toMatchObject({ status: "resolved", reply_text: "7433", replied_by: "turn" });
  await isSo({ status: "online", turn_state: "idle" });
  worker.send({ type: "status" });
  expect(await worker.next("error")).toMatchObject({ code: "invalid_request" });
  const { events } = await client.events.list({ after: from, peer_id: id });
  const of = (type: string) => events.filter((event) => event.type === type).map(({ payload }) => payload);
  expect(of("peer.status")).toEqual(expect.arrayContaining([expect.objectContaining({ from: "online", to: "busy" })]));
  expect(of("peer.updated")).toEqual(
    expect.arrayContaining([expect.objectContaining({ display_name: "renamed", description: "at work" })]),
  );
  expect(of("peer.turn")).toMatchObject(["t-1", "t-1", "t-2", "t-2"].map((turn_id) => ({ turn_id })));
}

async function waitedComesInOrder(over: Door): Promise<void> {
  const daemon = await daemonHere(daemonPlace(), { store: "memory" });
  const client = await clientOf(daemon, over);
  const { peer } = await client.peers.register({ backend: "service", name: "worker" });
  const { peer_id } = peer;
  const sent: string[] = [];
  for (let n = 0; n < 12; n += 1) sent.push((await client.messages.notify({ to_peer: "worker", text: `${n}` })).delivery_id);
  const first = await joined(daemon, over, { peer_id });
  expect(first.connected).toMatchObject({ queued: 12 });
  // The answer to a frame comes behind all that was sent before it.
  let barriers = 0;
  const notes = async (socket: typeof first) => {
    socket.send({ type: "none" });
    await socket.next("error", barriers++);
    return socket.frames.filter(({ type }) => type === "notify").map(({ delivery_id, text, replay }) => [delivery_id, text, replay]);
  };
  const all = sent.map((delivery_id, n) => [delivery_id, `${n}`, true]);
  await first.next("notify", 7);
  expect(await notes(first)).toEqual(all.slice(0, 8));
  first.send({ type: "delivery_ack", delivery_id: sent[0], status: "injected" });
  await first.next("notify", 8);
  expect(await notes(first)).toEqual(all.slice(0, 9));
  first.ws.close();
  await first.closed;
  const second = await joined(daemon, over, { peer_id, takes: "injected" });
  const late = await client.messages.notify({ to_peer: "worker", text: "late" });
  await second.next("notify", 11);
  await eventually(async () => (await client.deliveries.pending({ peer_id })).total === 0);
  expect(second.frames.filter(({ type }) => type === "notify").map(({ delivery_id }) => delivery_id)).toEqual([
    ...sent.slice(1),
    late.delivery_id,
  ]);
  for (const delivery_id of sent) expect(await client.messages.get({ delivery_id })).toMatchObject({ delivery_state: "delivered" });
}

/** Through a kill in the middle of what a socket gets. */
async function killIsOutlived(): Promise<void> {
  const place = daemonPlace();
  const first = daemonProcess(place, ["--no-tcp"]);
  await first.listens;
  const client = await connect({ socketPath: place.home.socket, env: {} });
  const join = (said: JoinOptions) => joined({ home: place.home, addresses: [] } as unknown as RunningDaemon, "unix", said);
  const worker = await join({ name: "worker" });
  const { peer_id } = worker;
  const taken = client.messages.notify({ to_peer: "worker", text: "taken" });
  worker.send({ type: "delivery_ack", delivery_id: (await worker.next("notify"))["delivery_id"], status: "injected" });
  expect(await taken).toMatchObject({ delivery_state: "delivered" });
  const unsure = await client.messages.notify({ to_peer: "worker", text: "unsure" });
  expect(unsure).toMatchObject({ delivery_state: "sent" });
  worker.ws.close();
  await worker.closed;
  const waits = await client.messages.notify({ to_peer: "worker", text: "waits" });
  const ask = await client.asks.ask({ to_peer: "worker", text: "?", if_unavailable: "queue" });
  const mute = await join({ peer_id });
  // It has them, and says nothing of them.
  expect(await mute.next("ask")).toMatchObject({ delivery_id: ask.delivery_id, replay: true });
  first.child.kill("SIGKILL");
  await first.ended;
  const second = daemonProcess(place, ["--no-tcp"]);
  await second.listens;
  const back = await join({ peer_id, takes: "injected" });
  expect(back.connected).toMatchObject({ peer_id, display_name: "worker", queued: 2 });
  const again = await back.next("ask");
  expect(again).toMatchObject({ delivery_id: ask.delivery_id, correlation_id: ask.correlation_id, replay: true });
  back.send({ type: "reply", correlation_id: ask.correlation_id, message: "here" });
  expect(await client.asks.wait({ id: ask.correlation_id })).toMatchObject({ reply_text: "here" });
  await eventually(async () => (await client.deliveries.pending({ peer_id })).total === 0);
  const brought = back.frames.flatMap(({ delivery_id }) => (delivery_id === undefined ? [] : [delivery_id]));
  expect(brought).toEqual([waits.delivery_id, ask.delivery_id]);
  await client.close();
}

async function idleIsAwaited(over: Door): Promise<void> {
  const daemon = await daemonHere(daemonPlace(), { store: "memory" });
  const client = await clientOf(daemon, over);
  const pane = await joined(daemon, over, {
    backend: "codex",
    name: "api",
    pane_id: "%7",
    session_id: "s-1",
    path: "/srv/api",
    takes: "injected",
  });
  const { peer_id } = pane;
  const note = (text: string) => client.messages.notify({ to_peer: peer_id, text });
  const got = () => pane.frames.filter(({ type }) => type === "notify").map(({ text }) => text);
  for (const [turn_state, text] of [
    [undefined, "a"],
    ["working", "b"],
    ["awaiting_input", "c"],
  ] as const) {
    if (turn_state) pane.send({ type: "status", turn_state });
    if (turn_state) await eventually(async () => (await client.peers.get({ id: peer_id })).turn_state === turn_state);
    expect(await note(text)).toMatchObject({ queued: true, reason: "not_idle" });
  }
  expect(got()).toEqual([]);
  for (const [n, text] of ["a", "b", "c"].entries()) {
    pane.send({ type: "status", status: "online", turn_state: "idle" });
    expect(await pane.next("notify", n)).toMatchObject({ text });
    // It works on that now; the rest waits for the next report.
    await eventually(async () => (await client.peers.get({ id: peer_id })).turn_state === "working");
    expect((await client.deliveries.pending({ peer_id })).total).toBe(2 - n);
    expect(got()).toHaveLength(n + 1);
  }
}

async function socketIsPresence(over: Door): Promise<void> {
  const daemon = await daemonHere(daemonPlace(), { store: "memory" });
  const client = await clientOf(daemon, over);
  const { peer } = await client.peers.register({ backend: "service", name: "worker" });
  const id = peer.peer_id;
  await client.peers.offline({ id });
  const older = await joined(daemon, over, { peer_id: id, takes: "injected" });
  expect(await client.peers.get({ id })).toMatchObject({ status: "online", ws_connected: true, inbound_status: "online" });
  const newer = await joined(daemon, over, { peer_id: id, takes: "injected" });
  expect(newer.connected).toMatchObject({ peer_id: id, display_name: "worker" });
  expect(await older.closed).toBe(4005);
  expect(await client.messages.notify({ to_peer: "worker", text: "x" })).toMatchObject({ delivery_state: "delivered" });
  expect(newer.frames.filter(({ type }) => type === "notify")).toHaveLength(1);
  expect(older.frames.filter(({ type }) => type === "notify")).toHaveLength(0);
  expect(await client.peers.doctor({ id })).toMatchObject({ link: { connected: true, receipts: true }, contradictions: [] });
  newer.ws.terminate();
  await eventually(async () => !(await client.peers.get({ id })).ws_connected);
  // The call just now is contact enough, and a lost socket is no end.
  const left = await client.peers.get({ id });
  expect(left.retired_at).toBeUndefined();
  expect(await client.messages.notify({ to_peer: "worker", text: "y" })).toMatchObject({ queued: true });
  const back = await joined(daemon, over, { peer_id: id, takes: "injected" });
  expect(await back.next("notify")).toMatchObject({ text: "y", replay: true });
  const { events } = await client.events.list({ types: ["peer.status"], peer_id: id });
  expect(events.map(({ payload }) => payload["to"]).slice(0, 2)).toEqual(["offline", "online"]);
}

async function closesSayWhy(over: Door): Promise<void> {
  const daemon = await daemonHere(daemonPlace(), { store: "memory" });
  const client = await clientOf(daemon, over);
  const gone = (await client.peers.register({ backend: "service", name: "gone" })).peer.peer_id;
  await client.peers.remove({ id: gone });
  const service = { type: "connect", v: 1, backend: "service", name: "worker" };
  const refused: readonly (readonly [code: number, frame: object, error?: string])[] = [
    [4000, { type: "status", status: "busy" }],
    [4002, { ...service, name: "peer-1" }, "invalid_request"],
    [4002, { ...service, circle: "a b" }, "invalid_request"],
    [4002, { ...service, backend: "telnet" }, "invalid_request"],
    [4002, { ...service, v: 2 }, "invalid_request"],
    [4002, { ...service, pane_id: "7" }, "invalid_request"],
    [4003, { ...service, path: "/" }, "invalid_request"],
    [4004, { ...service, peer_id: gone }, "peer_retired"],
    [4004, { ...service, peer_id: "peer-0000000000000000" }, "peer_not_found"],
  ];
  for (const [code, frame, error] of refused) {
    const socket = await rawSocket(daemon, { over });
    socket.send(frame);
    expect([await socket.closed, socket.frames.map((one) => one["code"])]).toEqual([code, error === undefined ? [] : [error]]);
  }
  expect((await client.peers.list({ backend: "service" })).peers.map(({ display_name }) => display_name).sort()).toEqual([
    "jobs",
    "schedules",
  ]);
  const worker = await joined(daemon, over, { name: "worker", takes: "injected" });
  const own = await clientOf(daemon, over, String(worker.connected["peer_token"]));
  expect(await own.peers.whoami()).toMatchObject({ peer_id: worker.peer_id });
  await client.peers.offline({ id: worker.peer_id, terminal: true });
  expect(await worker.closed).toBe(4004);
  expect(await statusOf(own.peers.whoami())).toBe(401);
}

describe("the life of a real socket", () => {
  verifiesWith("mesh.sockets.reports", "tcp", () => reportsCount("tcp"));
  verifiesWith("mesh.sockets.reports", "unix", () => reportsCount("unix"));
  verifiesWith("mesh.sockets.replay", "tcp", () => waitedComesInOrder("tcp"));
  verifiesWith("mesh.sockets.replay", "unix", () => waitedComesInOrder("unix"));
  verifiesWith("mesh.sockets.restart", "unix", killIsOutlived);
  verifiesWith("mesh.sockets.panes", "tcp", () => idleIsAwaited("tcp"));
  verifiesWith("mesh.sockets.panes", "unix", () => idleIsAwaited("unix"));
  verifiesWith("mesh.sockets.presence", "tcp", () => socketIsPresence("tcp"));
  verifiesWith("mesh.sockets.presence", "unix", () => socketIsPresence("unix"));
  verifiesWith("mesh.sockets.closes", "tcp", () => closesSayWhy("tcp"));
  verifiesWith("mesh.sockets.closes", "unix", () => closesSayWhy("unix"));
});
