import { describe, expect } from "vitest";
import type { Client } from "../../adapters/client/index.js";
import { verifies } from "./verifies.js";

/** Two peers of the default circle whose messages wait until they are fetched. */
async function twoPeers({ peers }: Client): Promise<{ api: string; docs: string }> {
  const [api, docs] = [
    await peers.register({ backend: "service", name: "api" }),
    await peers.register({ backend: "service", name: "docs" }),
  ];
  return { api: api.peer.peer_id, docs: docs.peer.peer_id };
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: { code?: string }) => error.code,
  );

describe("the mesh", () => {
  verifies("mesh.health", async ({ client }) => {
    await twoPeers(client);
    await client.asks.ask({ to_peer: "api", text: "?" });
    const counts = {
      mesh: { peers: { online: 5, busy: 0, offline: 0 }, open_asks: 1, queued: 1, links: 0, pane_backend: "none", durable: false },
    };
    expect(await client.health()).toMatchObject(counts);
    expect(await client.status()).toMatchObject(counts);
  });

  verifies("mesh.peers", async ({ client }) => {
    const { api, docs } = await twoPeers(client);
    expect(await client.peers.get({ id: "api" })).toMatchObject({ peer_id: api, circle: "default", status: "online", role: "agent" });
    expect((await client.peers.list({ backend: "service" })).peers.map(({ display_name }) => display_name)).toEqual(
      expect.arrayContaining(["api", "docs"]),
    );
    expect(await client.peers.update({ id: "api", description: "moving the tests" })).toMatchObject({ description: "moving the tests" });
    await client.peers.offline({ id: "docs" });
    expect((await client.peers.list({ status: "offline" })).peers.map(({ peer_id }) => peer_id)).toEqual([docs]);
    // Two of one name are two peers, and the second has another name.
    expect((await client.peers.register({ backend: "service", name: "api" })).peer).toMatchObject({ display_name: "api-2" });
    await client.peers.remove({ id: "api" });
    expect(await codeOf(client.peers.get({ id: "api" }))).toBe("peer_not_found");
    expect(await client.peers.get({ id: api })).toMatchObject({ retire_reason: "unregistered" });
    expect(await codeOf(client.asks.ask({ to_peer: api, text: "?" }))).toBe("peer_retired");
    expect(await codeOf(client.peers.whoami())).toBe("peer_not_found");
  });

  verifies("mesh.ask", async ({ client }) => {
    const { api, docs } = await twoPeers(client);
    const asked = await client.asks.ask({ to_peer: "api", text: "Which port?", from_peer: "docs" });
    expect(asked).toMatchObject({ to_peer_id: api, delivery_state: "queued" });
    const { correlation_id } = asked;
    for (let time = 0; time < 2; time += 1) {
      expect((await client.asks.pending({ peer_id: api })).asks).toMatchObject([
        { correlation_id, text: "Which port?", from_peer_id: docs },
      ]);
    }
    const waiting = client.asks.wait({ id: correlation_id, timeout_ms: 20_000 });
    expect(await client.asks.ack({ correlation_id, message: "7433" })).toMatchObject({ close_reason: "ack_with_msg" });
    expect(await waiting).toMatchObject({ status: "resolved", reply_text: "7433", replied_by: "ack" });
    expect(await client.asks.get({ id: correlation_id })).toMatchObject({ state: "closed", reply_text: "7433" });
    expect(await client.asks.pending({ peer_id: api })).toEqual({ asks: [], total: 0 });
    expect(await codeOf(client.asks.ack({ correlation_id, message: "again" }))).toBe("ask_closed");

    // In one call, until it is closed or its asker has had enough.
    const abort = new AbortController();
    const both = client.asks.askAndWait({ to_peer: "api", text: "And over TLS?" });
    const given = client.asks.askAndWait({ to_peer: "docs", text: "Never answered" }, { signal: abort.signal });
    const [ask] = await untilSome(async () => (await client.asks.pending({ peer_id: api })).asks);
    await client.asks.ack({ correlation_id: ask?.correlation_id ?? "", message: "No." });
    expect(await both).toMatchObject({ reply_text: "No." });
    await untilSome(async () => (await client.asks.pending({ peer_id: docs })).asks);
    abort.abort();
    expect(await codeOf(given)).toBe("aborted");
    expect((await client.asks.pending({ peer_id: docs })).total).toBe(1);
  });

  verifies("mesh.ask.ends", async ({ client }) => {
    await twoPeers(client);
    const ask = async () => (await client.asks.ask({ to_peer: "api", text: "?" })).correlation_id;
    const [declined, taken] = [await ask(), await ask()];
    expect(await client.asks.decline({ id: declined, message: "not mine" })).toMatchObject({ close_reason: "declined" });
    expect(await client.asks.wait({ id: declined })).toMatchObject({
      status: "resolved",
      close_reason: "declined",
      reply_text: "not mine",
    });
    expect(await client.asks.cancel({ id: taken })).toMatchObject({ close_reason: "canceled" });
    expect(await codeOf(client.asks.cancel({ id: taken }))).toBe("ask_closed");
    expect(await codeOf(client.asks.decline({ id: "ask-0000000000000000" }))).toBe("ask_not_found");
  });

  verifies("mesh.answer", async ({ client }) => {
    await twoPeers(client);
    const options = [
      { id: "blue", title: "Blue" },
      { id: "red", title: "Red" },
    ];
    const { correlation_id } = await client.asks.ask({ to_peer: "api", text: "Which?", question: { kind: "choice", options } });
    expect(await codeOf(client.questions.answer({ correlation_id, option_id: "green" }))).toBe("invalid_option");
    expect(await codeOf(client.asks.ack({ correlation_id, message: "blue" }))).toBe("invalid_option");
    const waiting = client.asks.wait({ id: correlation_id, timeout_ms: 20_000 });
    expect(await client.questions.answer({ correlation_id, option_id: "blue" })).toMatchObject({ ok: true, outcome: "answered" });
    expect(await waiting).toMatchObject({ status: "resolved", close_reason: "answered", option_id: "blue" });
    expect(await codeOf(client.questions.answer({ correlation_id, option_id: "red" }))).toBe("question_closed");
  });

  verifies("mesh.ask-many", async ({ client }) => {
    await twoPeers(client);
    const { parent_id, children } = await client.asks.askMany({ to_peers: ["api", "docs", "nobody"], text: "All well?" });
    expect(children).toMatchObject([{ peer: "api" }, { peer: "docs" }, { peer: "nobody", error_code: "peer_not_found" }]);
    await client.asks.ack({ correlation_id: children[0]?.correlation_id ?? "", message: "Yes" });
    expect(await client.asks.askManyResult({ id: parent_id })).toMatchObject({
      state: "pending",
      rollup: { total: 3, replied: 1, pending: 1, failed: 1 },
      children: [{ peer: "api", reply_text: "Yes" }, {}, {}],
    });
  });

  verifies("mesh.messages", async ({ client }) => {
    const { api, docs } = await twoPeers(client);
    const noted = await client.messages.notify({ to_peer: "api", text: "the schema has changed", from_peer: "docs" });
    expect(noted).toMatchObject({ queued: true, delivered: false, to_peer_id: api, from_peer_id: docs });
    expect(await client.messages.broadcast({ text: "deploying", from_peer: "docs" })).toMatchObject({ queued: [api], failed: [] });
    for (let time = 0; time < 2; time += 1) {
      const { messages, total } = await client.deliveries.pending({ peer_id: api });
      expect([total, ...messages.map(({ kind, text }) => `${kind} ${text}`)]).toEqual([
        2,
        "notify the schema has changed",
        "broadcast deploying",
      ]);
    }
    expect(await client.messages.get({ delivery_id: noted.delivery_id })).toMatchObject({ kind: "notify", delivery_state: "queued" });
    expect((await client.messages.list({ peer_id: api, kind: "broadcast" })).messages).toMatchObject([{ text: "deploying" }]);
    expect(await client.messages.send({ kind: "notify", to_peer: "docs", text: "seen" })).toMatchObject({ to_peer_id: docs });
  });

  verifies("mesh.traces", async ({ client }) => {
    await twoPeers(client);
    const { correlation_id } = await client.asks.ask({ to_peer: "api", text: "?" });
    await client.asks.ack({ correlation_id });
    const { kind, stages } = await client.traces.get({ trace_id: correlation_id });
    expect(kind).toBe("ask");
    expect(stages.map(({ seq, stage, status }) => [seq, stage, status])).toEqual([
      [1, "created", "ok"],
      [2, "resolved_peer", "ok"],
      [3, "pending", "ok"],
      [4, "acked", "ok"],
      [5, "closed", "ok"],
    ]);
    const { delivery_id } = await client.messages.notify({ to_peer: "api", text: "!" });
    expect(await client.traces.get({ trace_id: delivery_id })).toMatchObject({ kind: "notify", trace_id: delivery_id });
    expect(await codeOf(client.traces.get({ trace_id: "ask-0000000000000000" }))).toBe("trace_not_found");
  });

  verifies("mesh.timeline", async ({ client }) => {
    const { api } = await twoPeers(client);
    const { correlation_id } = await client.asks.ask({ to_peer: "api", text: "?" });
    await client.asks.ack({ correlation_id, message: "!" });
    const { events } = await client.peers.timeline({ id: "api" });
    expect(events.map(({ type }) => type)).toEqual([
      "message.sent",
      "ask.closed",
      "ask.delivered",
      "message.state",
      "ask.opened",
      "message.sent",
      "peer.registered",
    ]);
    const first = await client.peers.timeline({ id: api, limit: 4 });
    const second = await client.peers.timeline({ id: api, limit: 4, cursor: first.next_cursor ?? "" });
    expect([...first.events, ...second.events]).toEqual(events);
    expect(second).not.toHaveProperty("next_cursor");
    expect(await codeOf(client.peers.timeline({ id: "nobody" }))).toBe("peer_not_found");
    expect(await codeOf(client.peers.timeline({ id: "api", cursor: "nonsense" }))).toBe("invalid_cursor");
  });

  verifies("mesh.attachments", async ({ client }) => {
    const { api } = await twoPeers(client);
    const { id } = await client.attachments.upload(new TextEncoder().encode("hello"), { filename: "a.txt" });
    const { correlation_id } = await client.asks.ask({ to_peer: "api", text: "Read this", attachments: [id] });
    expect((await client.asks.pending({ peer_id: api })).asks).toMatchObject([{ attachments: [{ id, filename: "a.txt", size_bytes: 5 }] }]);
    await client.asks.ack({ correlation_id, message: "and this", attachments: [id] });
    expect(await client.asks.wait({ id: correlation_id })).toMatchObject({ reply_text: "and this", attachments: [{ id }] });
    expect(await codeOf(client.messages.notify({ to_peer: "api", text: "x", attachments: ["att-nothing"] }))).toBe("attachment_not_found");
  });

  verifies("mesh.idempotency", async ({ client }) => {
    const { api } = await twoPeers(client);
    const ask = (text: string) => client.asks.ask({ to_peer: "api", text }, { idempotencyKey: "k-1" });
    const first = await ask("once");
    expect(await ask("once")).toEqual(first);
    expect(await codeOf(ask("other"))).toBe("idempotency_mismatch");
    const note = () => client.messages.notify({ to_peer: "api", text: "once" }, { idempotencyKey: "k-2" });
    expect((await note()).delivery_id).toBe((await note()).delivery_id);
    expect((await client.asks.pending({ peer_id: api })).total).toBe(1);
    expect((await client.deliveries.pending({ peer_id: api })).total).toBe(2);
  });
});

async function untilSome<Item>(look: () => Promise<readonly Item[]>): Promise<readonly Item[]> {
  for (let turn = 0; turn < 500; turn += 1) {
    const found = await look();
    if (found.length > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("There was never one.");
}
