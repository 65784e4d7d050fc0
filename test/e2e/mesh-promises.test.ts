import { describe, expect, onTestFinished } from "vitest";
import { type Client, connect } from "../../adapters/client/index.js";
import type { StreamEvent } from "../../lib/events/event.js";
import { type Answer, call, daemonHere, daemonPlace, daemonProcess, eventually } from "../support/daemon.js";
import { typed } from "../support/typed.js";
import { verifies, verifiesWith } from "./verifies.js";

const codex = { backend: "codex", path: "/srv/api" } as const;
const question = { kind: "choice" as const, options: [{ id: "blue", title: "Blue" }] };

/** A service whose messages wait until they are fetched. */
const service = async ({ peers }: Client, name: string, more: object = {}): Promise<string> =>
  (await peers.register({ backend: "service", name, ...more })).peer.peer_id;

const allow = [
  { id: "allow", title: "Allow" },
  { id: "deny", title: "Deny" },
];

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: { code?: string }) => error.code,
  );

/** What of a refusal a caller goes by. */
const refusalOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    ({ code, status, details }: { code: string; status: number; details?: object }) => ({ code, status, ...details }),
  );

describe("asks and their asker", () => {
  verifies(
    "mesh.ask.wait",
    async ({ client }) => {
      await service(client, "api");
      const { correlation_id: id } = await client.asks.ask({ to_peer: "api", text: "?" });
      expect(await client.asks.wait({ id, timeout_ms: 1 })).toMatchObject({ status: "pending" });
      const gone = new AbortController();
      const left = codeOf(client.asks.wait({ id }, { signal: gone.signal }));
      // The only place is taken as soon as the wait is held.
      await eventually(async () => (await codeOf(client.asks.wait({ id, timeout_ms: 1 }, { retries: 0 }))) === "too_many_waits");
      gone.abort();
      expect(await left).toBe("aborted");
      expect(await client.asks.get({ id })).toMatchObject({ state: "open" });
      await eventually(async () => (await codeOf(client.asks.wait({ id, timeout_ms: 1 }, { retries: 0 }))) === "no error");
      await client.asks.ack({ correlation_id: id, message: "after all" });
      expect(await client.asks.wait({ id })).toMatchObject({ status: "resolved", reply_text: "after all" });
    },
    { limits: { meshWaits: 1 } },
  );

  verifies("mesh.ask.reply-to", async ({ client }) => {
    await service(client, "api");
    const away = await service(client, "away", codex);
    await client.peers.offline({ id: away });
    const first = await client.asks.ask({ to_peer: "api", text: "Which port?" });
    const older = { id: first.correlation_id };
    expect(await codeOf(client.asks.ask({ to_peer: away, text: "?", reply_to: older.id }))).toBe("no_live_transport");
    expect(await client.asks.get(older)).toMatchObject({ state: "open" });
    await client.asks.ask({ to_peer: "human", text: "Which one do you mean?", from_peer: "api", reply_to: older.id });
    expect(await client.asks.get(older)).toMatchObject({ state: "closed", close_reason: "reply_to" });
  });
});

describe("peers and their circles", () => {
  verifies("mesh.peers.identity", async ({ client }) => {
    const one = await client.peers.register({ ...codex, session_id: "s-1" });
    const two = await client.peers.register({ ...codex, session_id: "s-2" });
    expect([one.peer.display_name, two.peer.display_name]).toEqual(["api-codex", "api-codex-2"]);
    const again = await client.peers.register({ ...codex, session_id: "s-1", name: "other" });
    expect(again.peer).toMatchObject({ peer_id: one.peer.peer_id, display_name: "other" });
    const [a, b] = [await service(client, "twin", { circle: "a" }), await service(client, "twin", { circle: "b" })];
    expect(await refusalOf(client.peers.get({ id: "twin" }))).toMatchObject({
      code: "ambiguous_peer",
      candidates: [
        { peer_id: a, circle: "a" },
        { peer_id: b, circle: "b" },
      ],
    });
    expect(await client.peers.get({ id: "twin", circle: "b" })).toMatchObject({ peer_id: b });
    // Restart of a session keeps what was chosen.
    await client.peers.update({ id: a, description: "at work" });
    const back = await client.peers.register({ backend: "service", peer_id: a, circle: "elsewhere", circle_source: "inherited" });
    expect(back.peer).toMatchObject({ peer_id: a, circle: "a", description: "at work" });
  });

  verifiesWith("mesh.peers.identity", "cli", async () => {
    const place = daemonPlace();
    await daemonHere(place, { store: "memory" });
    for (const circle of ["a", "b"]) {
      expect(await typed(place, "peers", "register", "--name", "twin", "--circle", circle)).toMatchObject({ code: 0 });
    }
    expect(await typed(place, "ask", "twin", "?")).toMatchObject({
      code: 8,
      out: "",
      err: expect.stringContaining("2 peers bear the name"),
    });
    expect(await typed(place, "ask", "twin", "?", "--circle", "a")).toMatchObject({ code: 0 });
    expect(JSON.parse((await typed(place, "peers", "show", "twin", "--circle", "b", "--json")).out)).toMatchObject({ circle: "b" });
  });

  verifies("mesh.circles", async ({ client }) => {
    const [near, far] = [await service(client, "near"), await service(client, "far", { circle: "ops" })];
    const lead = await service(client, "lead", { circle: "ops", role: "orchestrator" });
    const note = (to_peer: string, more: object = {}) => client.messages.notify({ to_peer, text: "x", from_peer: near, ...more });
    expect(await refusalOf(note(far))).toMatchObject({ code: "circle_forbidden", status: 403 });
    expect(await note(lead)).toMatchObject({ to_peer_id: lead });
    expect(await note(far, { bypass_circle: true })).toMatchObject({ to_peer_id: far });
    expect(await client.messages.broadcast({ text: "x", from_peer: near })).toMatchObject({ delivery_ids: [], failed: [] });
    expect(await client.messages.broadcast({ text: "x", from_peer: near, circle: "ops" })).toMatchObject({ queued: [far, lead] });
    const { circles } = await client.circles.list();
    expect(circles).toEqual(expect.arrayContaining([{ name: "ops", online: 2, busy: 0, offline: 0 }]));
  });
});

describe("refusals of the mesh", () => {
  verifies(
    "mesh.refusals",
    async ({ client }) => {
      for (const circle of ["a", "b"]) await service(client, "twin", { circle });
      const api = await service(client, "api");
      const ask = async (more: object = {}) => (await client.asks.ask({ to_peer: api, text: "?", ...more })).correlation_id;
      const [open, typedId] = [await ask(), await ask({ question })];
      await client.questions.answer({ correlation_id: typedId, option_id: "blue" });
      await client.asks.cancel({ id: open });
      const was = await service(client, "was");
      await client.peers.remove({ id: was });
      const notify = (input: object) => client.messages.notify({ to_peer: api, text: "x", ...input }, { retries: 0 });
      const expected: [Promise<unknown>, object][] = [
        [client.peers.get({ id: "nobody" }), { code: "peer_not_found", status: 404, hint: expect.any(String) }],
        [client.peers.get({ id: "twin" }), { code: "ambiguous_peer", status: 409, candidates: [{}, {}] }],
        [notify({ to_peer: was }), { code: "peer_retired", status: 410 }],
        [client.peers.register({ ...codex, peer_id: was }), { code: "peer_retired", status: 409 }],
        [client.peers.update({ id: api, display_name: "human" }), { code: "name_taken", status: 409 }],
        [notify({ from_peer: "nobody" }), { code: "sender_not_found", status: 404 }],
        [notify({ attachments: ["att-0"] }), { code: "attachment_not_found", status: 422 }],
        [client.attachments.info({ id: "att-0" }), { code: "attachment_not_found", status: 404 }],
        [
          client.questions.answer({ correlation_id: typedId, option_id: "blue" }),
          { code: "question_closed", status: 410, outcome: "answered", closed_at: expect.any(String) },
        ],
        [client.questions.get({ id: open }), { code: "not_a_question", status: 409 }],
        [client.asks.ack({ correlation_id: open, message: "late" }), { code: "ask_closed", status: 410 }],
        [client.events.list({ after: 1_000_000 }), { code: "cursor_ahead", status: 400, last_seq: expect.any(Number) }],
        [client.peers.byPane({ pane_id: "x" }), { code: "invalid_pane_id", status: 400 }],
        [client.messages.confirm({ claim_id: "claim-0" }), { code: "claim_expired", status: 409 }],
        [notify({ text: "a\u0000" }), { code: "invalid_request", status: 400, issues: [{ path: "text", code: "format" }] }],
        [notify({ text: " " }), { code: "invalid_request", status: 400, issues: [{ path: "text", code: "blank" }] }],
      ];
      for (const [refused, refusal] of expected) expect(await refusalOf(refused)).toMatchObject(refusal);
      for (let n = 0; n < 2; n += 1) await notify({});
      expect(await refusalOf(notify({}))).toMatchObject({ code: "inbox_full", status: 429 });
      await service(client, "last");
      expect(await refusalOf(client.peers.register({ backend: "service", name: "late" }, { retries: 0 }))).toMatchObject({
        code: "too_many_peers",
        status: 429,
      });
    },
    { limits: { messageQueue: 2, peers: 7 } },
  );
});

/** A daemon with two peers that have their tokens, and calls as any HTTP client makes them. */
async function tokened(over: "tcp" | "unix") {
  const daemon = await daemonHere(daemonPlace(), { store: "memory" });
  const target = over === "unix" ? daemon.home.socket : (daemon.addresses.find((address) => address.startsWith("http")) ?? "");
  const owner = (path: string, body?: object): Promise<Answer> => call(daemon.home.socket, path, { body });
  const register = async (body: object): Promise<{ peer: { peer_id: string }; peer_token: string }> => (await owner("/peers", body)).json;
  const [mine, other, far] = [
    await register({ backend: "service", name: "mine" }),
    await register({ backend: "service", name: "other" }),
    await register({ backend: "service", name: "far", circle: "ops" }),
  ];
  const as =
    (token: string, headers: Record<string, string> = {}) =>
    (path: string, body?: object, method?: string): Promise<Answer> =>
      call(target, path, { body, token, headers, ...(method !== undefined && { method }) });
  return { owner, mine, other, far, as };
}

async function holdsToItself(over: "tcp" | "unix"): Promise<void> {
  const { owner, mine, other, far, as } = await tokened(over);
  const asked = (await owner("/ask", { to_peer: other.peer.peer_id, text: "?", from_peer: far.peer.peer_id, bypass_circle: true })).json;
  const approval = { prompt: "May it?", options: allow, correlation_id: "tool-0001" };
  const held = as(mine.peer_token)("/questions/ask-blocking", approval);
  await eventually(async () => (await owner("/questions/tool-0001")).status === 200);
  // What a call says of the run that it is in takes away, and gives nothing.
  for (const headers of [{}, { "Anode-Run": "R-1" }, { "Anode-Run": mine.peer.peer_id }]) {
    const me = as(mine.peer_token, headers);
    const refused: [Promise<Answer>, string][] = [
      [me("/notify", { to_peer: "other", text: "x", from_peer: "other" }), "sender_mismatch"],
      [me("/notify", { to_peer: far.peer.peer_id, text: "x" }), "circle_forbidden"],
      [me("/notify", { to_peer: far.peer.peer_id, text: "x", bypass_circle: true }), "circle_forbidden"],
      [me("/broadcast", { text: "x", circle: "*" }), "circle_forbidden"],
      [me("/ack", { correlation_id: asked.correlation_id }), "not_the_recipient"],
      [me(`/asks/${asked.correlation_id}/wait`, {}), "not_the_asker"],
      [me(`/asks/${asked.correlation_id}`), "ask_not_found"],
      [me("/asks/pending?peer_id=other"), "identity_unproven"],
      [me("/deliveries/pending?peer_id=other"), "identity_unproven"],
      [me("/messages/claim", { peer_id: "other" }), "identity_unproven"],
      [me("/session/update", { peer_id: other.peer.peer_id, status: "busy" }), "identity_unproven"],
      [me("/peers/other", { description: "x" }, "PATCH"), "identity_unproven"],
      [me("/peers/other", undefined, "DELETE"), "identity_unproven"],
      [me("/peers", { backend: "service", peer_id: other.peer.peer_id }), "identity_unproven"],
      [me("/peers", { backend: "service", name: "boss", role: "orchestrator" }), "role_forbidden"],
      [me("/auth/tokens", { label: "x", scopes: ["read"] }), "scope_required"],
    ];
    for (const [answer, code] of refused) {
      const { status, json } = await answer;
      expect([json.code, status]).toEqual([code, code === "ask_not_found" ? 404 : 403]);
    }
    const { status, json } = await me("/answer", { correlation_id: "tool-0001", option_id: "allow" });
    expect([status, json.code]).toEqual([403, expect.stringMatching(/^(self_approval|scope_required)$/)]);
  }
  expect((await owner("/questions/tool-0001")).json).toMatchObject({ status: "open" });
  await owner("/answer", { correlation_id: "tool-0001", option_id: "deny" });
  expect((await held).json).toMatchObject({ decision: "deny" });
  expect((await as(mine.peer_token)("/peers/self")).json).toMatchObject({ display_name: "mine" });
  await owner("/peers/mine/offline", { terminal: true });
  expect((await as(mine.peer_token)("/peers/self")).status).toBe(401);
}

describe("the token of a peer", () => {
  verifiesWith("mesh.peer-token", "tcp", () => holdsToItself("tcp"));
  verifiesWith("mesh.peer-token", "unix", () => holdsToItself("unix"));
});

describe("what waits, and what a session reports", () => {
  verifies("mesh.inbox", async ({ client }) => {
    const peer_id = await service(client, "api");
    const sent = [
      await client.messages.notify({ to_peer: "api", text: "one" }),
      await client.messages.notify({ to_peer: "api", text: "two" }),
    ];
    const ids = sent.map(({ delivery_id }) => delivery_id);
    const lost = await client.messages.claim({ peer_id, lease_ms: 20 });
    expect(lost.messages.map(({ delivery_id }) => delivery_id)).toEqual(ids);
    // The answer was lost, and with it the claim.
    const again = await eventually(async () => {
      const claim = await client.messages.claim({ peer_id });
      return claim.messages.length > 0 && claim;
    });
    expect(again.messages.map(({ delivery_id, text }) => [delivery_id, text])).toEqual([
      [ids[0], "one"],
      [ids[1], "two"],
    ]);
    expect(await codeOf(client.messages.confirm({ claim_id: lost.claim_id ?? "" }))).toBe("claim_expired");
    const part = { claim_id: again.claim_id ?? "", delivery_ids: [ids[0] ?? ""] };
    expect(await client.messages.confirm(part)).toEqual({ confirmed: 1, released: 1 });
    expect((await client.deliveries.pending({ peer_id })).messages).toMatchObject([{ delivery_id: ids[1], delivery_state: "queued" }]);
    expect(await client.messages.get({ delivery_id: ids[0] ?? "" })).toMatchObject({ delivery_state: "delivered" });
  });

  verifiesWith("mesh.inbox", "cli", async () => {
    const place = daemonPlace();
    await daemonHere(place, { store: "memory" });
    await typed(place, "peers", "register", "--name", "api");
    const id = (await typed(place, "notify", "api", "one")).out.trim();
    for (let time = 0; time < 2; time += 1) expect((await typed(place, "inbox", "--peer", "api")).out).toContain(`notify ${id} from human`);
    expect((await typed(place, "inbox", "--peer", "api", "--confirm")).out).toContain(id);
    expect((await typed(place, "inbox", "--peer", "api")).out).toBe("");
  });

  verifies("mesh.session", async ({ client }) => {
    const { peer } = await client.peers.register({ ...codex, session_id: "s-1", name: "api" });
    const { peer_id } = peer;
    const report = (more: object) => client.session.update({ peer_id, ...more });
    expect(await report({ status: "busy", turn_state: "working", model: "m-1" })).toMatchObject({
      status: "busy",
      turn_state: "working",
      model: "m-1",
    });
    expect(await codeOf(report({}))).toBe("invalid_request");
    const { correlation_id } = await client.asks.ask({ to_peer: "api", text: "Which port?", reply_from_turn: true });
    const first_line = `[anode:ask ${correlation_id} from @human to @api]`;
    await report({ turn: { turn_id: "t-1", event: "started", first_line: `They wrote ${first_line}` } });
    await report({ turn: { turn_id: "t-1", event: "ended", final_message: "not this" } });
    expect(await client.asks.get({ id: correlation_id })).toMatchObject({ state: "open" });
    await report({ turn: { turn_id: "t-2", event: "started", first_line } });
    await report({ status: "online", turn_state: "idle", turn: { turn_id: "t-2", event: "ended", final_message: "7433" } });
    expect(await client.asks.wait({ id: correlation_id })).toMatchObject({ reply_text: "7433", replied_by: "turn" });
    expect(await client.peers.get({ id: peer_id })).toMatchObject({ status: "online", turn_state: "idle", model: "m-1" });
  });

  verifies("mesh.events", async ({ client }) => {
    const peer_id = await service(client, "api");
    await client.peers.update({ id: peer_id, description: "at work" });
    const { correlation_id } = await client.asks.ask({ to_peer: "api", text: "?", question });
    await client.questions.answer({ correlation_id, option_id: "blue" });
    const { delivery_id } = await client.messages.notify({ to_peer: "api", text: "!" });
    await client.peers.remove({ id: peer_id });
    const seen: StreamEvent[] = [];
    for await (const event of client.events()) {
      seen.push(event);
      if (event.type === "message.expired") break;
    }
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, n) => n + 1));
    const of = (type: string) => seen.filter((event) => event.type === type).map(({ payload }) => payload);
    expect(of("peer.registered")).toMatchObject([{ peer_id, display_name: "api" }]);
    expect(of("peer.updated")).toMatchObject([{ peer_id, description: "at work" }]);
    expect(of("ask.opened")).toMatchObject([{ correlation_id, text: "?", question: { kind: "choice" } }]);
    expect(of("ask.closed")).toMatchObject([{ correlation_id, close_reason: "answered", replied_by: "answer" }]);
    expect(of("question.closed")).toMatchObject([{ question_id: correlation_id, outcome: "answered" }]);
    expect(of("message.sent").map(({ kind }) => kind)).toEqual(["ask", "reply", "notify"]);
    expect(of("message.expired").map((payload) => payload["delivery_id"])).toEqual([delivery_id]);
  });

  verifiesWith("mesh.events", "cli", async () => {
    const place = daemonPlace();
    const daemon = await daemonHere(place, { store: "memory" });
    const client = await connect({ socketPath: daemon.home.socket, env: {} });
    onTestFinished(() => client.close());
    await service(client, "api");
    await client.asks.cancel({ id: (await client.asks.ask({ to_peer: "api", text: "?" })).correlation_id });
    const { out } = await typed(place, "events", "--types", "ask.opened,ask.closed", "--json");
    const events = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as StreamEvent);
    expect(events.map(({ type }) => type)).toEqual(["ask.opened", "ask.closed"]);
  });
});

describe("after kill -9", () => {
  verifiesWith("mesh.restart", "unix", async () => {
    const place = daemonPlace();
    const first = daemonProcess(place);
    await first.listens;
    const client = await connect({ socketPath: place.home.socket, env: {} });
    onTestFinished(() => client.close());
    const peer_id = await service(client, "api", { circle: "ops" });
    await client.peers.update({ id: peer_id, description: "at work" });
    const { id: file } = await client.attachments.upload(new TextEncoder().encode("hello"), { filename: "a.txt" });
    const { correlation_id } = await client.asks.ask({ to_peer: peer_id, text: "Which?", question, attachments: [file] });
    const { delivery_id } = await client.messages.notify({ to_peer: peer_id, text: "one" });
    await client.messages.claim({ peer_id });
    const approval = client.questions.askBlocking({ prompt: "?", options: allow, correlation_id: "tool-0001" });
    approval.catch(() => {});
    await eventually(async () => (await codeOf(client.questions.get({ id: "tool-0001" }))) === "no error");
    const { last_seq } = await client.events.list();
    first.child.kill("SIGKILL");
    await first.ended;
    const second = daemonProcess(place);
    await second.listens;

    const kept = { display_name: "api", circle: "ops", description: "at work", status: "offline", status_reason: "restart" };
    expect(await client.peers.get({ id: peer_id })).toMatchObject(kept);
    const { messages } = await client.deliveries.pending({ peer_id });
    expect(messages).toMatchObject([
      { kind: "ask", correlation_id },
      { delivery_id, delivery_state: "queued" },
    ]);
    const { stages } = await client.traces.get({ trace_id: correlation_id });
    expect(stages.map(({ seq, stage }) => `${seq} ${stage}`)).toEqual(["1 created", "2 resolved_peer", "3 pending", "4 claimed"]);
    expect(await client.questions.get({ id: "tool-0001" })).toMatchObject({ status: "closed", outcome: "denied", reason: "restart" });
    // As a person at the command line finds it.
    expect((await typed(place, "inbox", "--peer", peer_id)).out).toContain(delivery_id);
    expect(await typed(place, "answer", correlation_id, "blue")).toMatchObject({ code: 0, err: "" });
    expect(await client.asks.get({ id: correlation_id })).toMatchObject({ close_reason: "answered", attachments: [{ id: file }] });
    expect(await client.attachments.info({ id: file })).toMatchObject({ size_bytes: 5 });
    const { events } = await client.events.list({ after: last_seq, limit: 1_000 });
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, n) => last_seq + 1 + n));
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["peer.status", "question.closed", "ask.closed"]));
  });
});
