import { describe, expect } from "vitest";
import { daemonHere, daemonPlace, eventually } from "../support/daemon.js";
import { clientOf, joined } from "../support/raw-socket.js";
import { verifiesWith } from "./verifies.js";

type Door = "tcp" | "unix";

const question = { kind: "choice" as const, options: [{ id: "blue", title: "Blue" }] };
const refusalOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    ({ code, status }: { code: string; status: number }) => `${status} ${code}`,
  );

async function framesAreWhole(over: Door): Promise<void> {
  const daemon = await daemonHere(daemonPlace(), { store: "memory" });
  const asker = await joined(daemon, over, { name: "asker", takes: "injected" });
  const worker = await joined(daemon, over, { name: "worker", takes: "injected" });
  expect(worker.connected).toEqual({
    type: "connected",
    peer_id: expect.stringMatching(/^peer-[0-9a-f]{16}$/),
    display_name: "worker",
    circle: "default",
    peer_token: expect.any(String),
    queued: 0,
    heartbeat_ms: 30_000,
  });
  const [mine, theirs] = await Promise.all([
    clientOf(daemon, over, String(asker.connected["peer_token"])),
    clientOf(daemon, over, String(worker.connected["peer_token"])),
  ]);
  const { id } = await mine.attachments.upload(Buffer.from("text"), { filename: "a.txt" });
  const file = expect.objectContaining({ id, filename: "a.txt", size_bytes: 4, sha256: expect.any(String) });
  const sender = { from_peer: "asker", from_peer_id: asker.peer_id, to_peer_id: worker.peer_id };
  const asked = await mine.asks.ask({ to_peer: "worker", text: "Which?", question, attachments: [id] });
  expect(asked).toMatchObject({ delivery_state: "delivered" });
  const { correlation_id, delivery_id } = asked;
  const ask = { type: "ask", delivery_id, correlation_id, ...sender, to_peer: "worker", text: "Which?", attachments: [file] };
  expect(await worker.next("ask")).toEqual({ ...ask, question: expect.objectContaining(question) });
  const note = await mine.messages.notify({ to_peer: "worker", text: "Look.", attachments: [id] });
  expect(await worker.next("notify")).toEqual({
    type: "notify",
    delivery_id: note.delivery_id,
    ...sender,
    text: "Look.",
    attachments: [file],
  });
  const told = await mine.messages.broadcast({ text: "All!" });
  expect(told).toMatchObject({ delivered: [worker.peer_id], failed: [] });
  expect(await worker.next("broadcast")).toEqual({ type: "broadcast", delivery_id: told.delivery_ids[0], ...sender, text: "All!" });
  const reply = await theirs.attachments.upload(Buffer.from("reply"), { filename: "b.txt" });
  worker.send({ type: "reply", correlation_id, option_id: "blue", attachments: [reply.id] });
  expect(await worker.next("result")).toEqual({ type: "result", for: correlation_id, ok: true });
  expect(await asker.next("reply")).toEqual({
    type: "reply",
    delivery_id: expect.any(String),
    correlation_id,
    from_peer: "worker",
    close_reason: "answered",
    answer: expect.objectContaining({ outcome: "answered", option_id: "blue" }),
    attachments: [expect.objectContaining({ id: reply.id, filename: "b.txt" })],
  });
}

async function receiptsDecide(over: Door): Promise<void> {
  const daemon = await daemonHere(daemonPlace(), { store: "memory" });
  const client = await clientOf(daemon, over);
  const stagesOf = async (trace_id: string) => (await client.traces.get({ trace_id })).stages.map(({ stage }) => stage);
  await joined(daemon, over, { name: "good", takes: "injected" });
  const good = await client.messages.notify({ to_peer: "good", text: "x" });
  expect(good).toMatchObject({ delivered: true, queued: false, delivery_state: "delivered" });
  expect(await stagesOf(good.delivery_id)).toEqual(expect.arrayContaining(["websocket_sent", "hook_received", "pane_injected"]));

  for (const takes of ["failed", "rejected"] as const) {
    await joined(daemon, over, { name: takes, takes });
    const note = await client.messages.notify({ to_peer: takes, text: "x" });
    expect(note).toMatchObject({ delivered: false, queued: true, reason: "injection_failed" });
    expect(await stagesOf(note.delivery_id)).toContain("injection_failed");
    // Behind what waits for a peer nothing is sent: another one is asked.
    const correlation_id = `lost-${takes}`;
    await joined(daemon, over, { name: `asked-${takes}`, takes });
    expect(await refusalOf(client.asks.ask({ to_peer: `asked-${takes}`, text: "?", correlation_id }, { retries: 0 }))).toBe(
      "503 injection_failed",
    );
    expect(await client.asks.get({ id: correlation_id })).toMatchObject({ state: "closed", close_reason: "send_failed" });
    expect(await stagesOf(correlation_id)).toEqual(expect.arrayContaining(["injection_failed", "closed"]));
  }

  const mute = await joined(daemon, over, { name: "mute" });
  const late = await client.messages.notify({ to_peer: "mute", text: "x" });
  expect(late).toMatchObject({ delivered: false, queued: false, delivery_state: "sent", reason: "unverified" });
  mute.send({ type: "delivery_ack", delivery_id: late.delivery_id, status: "injected" });
  await eventually(async () => (await client.messages.get({ delivery_id: late.delivery_id })).delivery_state === "delivered");

  const plain = await joined(daemon, over, { name: "plain", capabilities: [], takes: "injected" });
  const sent = await client.messages.notify({ to_peer: "plain", text: "x" });
  await plain.next("notify");
  expect(sent).toMatchObject({ delivered: false, delivery_state: "sent", reason: "unverified" });
  await client.messages.notify({ to_peer: "good", text: "behind its receipt" });
  expect(await stagesOf(sent.delivery_id)).not.toContain("pane_injected");
}

async function repliesClose(over: Door): Promise<void> {
  const daemon = await daemonHere(daemonPlace(), { store: "memory" });
  const client = await clientOf(daemon, over);
  const worker = await joined(daemon, over, { name: "worker", takes: "injected" });
  const other = await joined(daemon, over, { name: "other", takes: "injected" });
  const ask = async (more: object = {}) => (await client.asks.ask({ to_peer: "worker", text: "?", ...more })).correlation_id;
  const state = async (id: string) => (await client.asks.get({ id })).state;
  const [plain, typed] = [await ask(), await ask({ question })];
  let results = 0;
  const replied = async (frame: object) => {
    worker.send({ type: "reply", ...frame });
    return worker.next("result", results++);
  };
  other.send({ type: "reply", correlation_id: plain, message: "mine" });
  expect(await other.next("result")).toEqual({ type: "result", for: plain, ok: false, code: "not_the_recipient" });
  const refused = (id: string, code: string) => ({ type: "result", for: id, ok: false, code });
  expect(await replied({ correlation_id: typed, option_id: "red" })).toEqual(refused(typed, "invalid_option"));
  expect(await replied({ correlation_id: typed, message: "blue" })).toEqual(refused(typed, "invalid_option"));
  expect(await replied({ correlation_id: "ask-0", message: "x" })).toEqual(refused("ask-0", "ask_not_found"));
  expect([await state(plain), await state(typed)]).toEqual(["open", "open"]);
  const waiting = client.asks.wait({ id: plain });
  expect(await replied({ correlation_id: plain, message: "7433" })).toEqual({ type: "result", for: plain, ok: true });
  expect(await waiting).toMatchObject({ status: "resolved", close_reason: "ack_with_msg", reply_text: "7433", replied_by: "ack" });
  expect(await replied({ correlation_id: plain, message: "too late" })).toEqual(refused(plain, "ask_closed"));
  expect(await replied({ correlation_id: typed, option_id: "blue" })).toEqual({ type: "result", for: typed, ok: true });
  expect(await client.asks.wait({ id: typed })).toMatchObject({ outcome: "answered", option_id: "blue" });
  expect(await replied({ correlation_id: typed, option_id: "blue" })).toEqual(refused(typed, "question_closed"));
}

async function manyAreAsked(over: Door): Promise<void> {
  const daemon = await daemonHere(daemonPlace(), { store: "memory" });
  const client = await clientOf(daemon, over);
  const [quick, broken] = [
    await joined(daemon, over, { name: "quick", takes: "injected" }),
    await joined(daemon, over, { name: "broken", takes: "failed" }),
  ];
  const silent = await joined(daemon, over, { name: "silent", takes: "injected" });
  const { parent_id, children } = await client.asks.askMany({
    to_peers: ["quick", "broken", "silent", "nobody"],
    text: "?",
    timeout_ms: 1_000,
  });
  const of = (peer: string) => children.find((child) => child.peer === peer);
  expect([of("broken"), of("nobody")]).toMatchObject([{ error_code: "injection_failed" }, { error_code: "peer_not_found" }]);
  const { correlation_id } = await quick.next("ask");
  quick.send({ type: "reply", correlation_id, message: "here" });
  expect(await quick.next("result")).toMatchObject({ for: correlation_id, ok: true });
  await eventually(async () => (await client.asks.askManyResult({ id: parent_id })).timed_out);
  expect(await client.asks.askManyResult({ id: parent_id })).toMatchObject({
    state: "partial",
    rollup: { total: 4, replied: 1, pending: 1, failed: 2 },
  });
  // It stays open for whoever is late.
  silent.send({ type: "reply", correlation_id: (await silent.next("ask"))["correlation_id"], message: "late" });
  await silent.next("result");
  expect(await client.asks.askManyResult({ id: parent_id })).toMatchObject({ rollup: { replied: 2, pending: 0, failed: 2 } });
  expect(broken.frames.filter(({ type }) => type === "ask")).toHaveLength(1);
}

describe("messages over real sockets", () => {
  verifiesWith("mesh.sockets.frames", "tcp", () => framesAreWhole("tcp"));
  verifiesWith("mesh.sockets.frames", "unix", () => framesAreWhole("unix"));
  verifiesWith("mesh.sockets.receipts", "tcp", () => receiptsDecide("tcp"));
  verifiesWith("mesh.sockets.receipts", "unix", () => receiptsDecide("unix"));
  verifiesWith("mesh.sockets.replies", "tcp", () => repliesClose("tcp"));
  verifiesWith("mesh.sockets.replies", "unix", () => repliesClose("unix"));
  verifiesWith("mesh.sockets.many", "tcp", () => manyAreAsked("tcp"));
  verifiesWith("mesh.sockets.many", "unix", () => manyAreAsked("unix"));
});
