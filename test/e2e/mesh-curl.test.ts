import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { newUser, scriptedDaemon } from "../support/program.js";
import { verifiesWith } from "./verifies.js";

type Document = Record<string, never>;

/** A daemon with two peers, and curl as a person types it. */
async function curls(config?: object) {
  const user = newUser();
  if (config) {
    mkdirSync(user.home, { recursive: true, mode: 0o700 });
    writeFileSync(join(user.home, "config.json"), JSON.stringify(config), { mode: 0o600 });
  }
  const daemon = await scriptedDaemon(user);
  const url = daemon.addresses.find((address) => address.startsWith("http")) ?? "";
  const curl = async (...words: string[]): Promise<Document> => {
    const { code, out, err } = await user.run("curl", ...words.map((word) => word.replace("http://127.0.0.1:7433", url)));
    expect([code, err]).toEqual([0, ""]);
    return JSON.parse(out) as Document;
  };
  const get = (path: string) => curl("-sS", `http://127.0.0.1:7433${path}`);
  const post = (path: string, body: object) =>
    curl("-sS", "-X", "POST", `http://127.0.0.1:7433${path}`, "-H", "Content-Type: application/json", "-d", JSON.stringify(body));
  return { user, curl, get, post };
}

async function twoPeers() {
  const all = await curls();
  for (const name of ["api", "docs"]) await all.post("/peers", { backend: "service", name });
  return all;
}

describe("the routes of the mesh", () => {
  verifiesWith("mesh.health", "curl", async () => {
    const { get } = await twoPeers();
    expect(await get("/health")).toMatchObject({
      mesh: {
        peers: { online: 5 },
        open_asks: 0,
        open_questions: 0,
        queued: 0,
        links: 0,
        pane_backend: expect.stringMatching(/none|tmux/),
        durable: false,
      },
    });
    expect(await get("/status")).toMatchObject({ mesh: { peers: { online: 5 } } });
  });

  verifiesWith("mesh.peers", "curl", async () => {
    const { get, post, curl } = await curls();
    const made = await post("/peers", { backend: "service", name: "api", path: "/tmp" });
    expect(made).toMatchObject({ peer: { display_name: "api", path: "/tmp" }, peer_token: expect.stringMatching(/^anode_at_/) });
    expect(await get("/peers?backend=service&status=online")).toMatchObject({
      peers: expect.arrayContaining([expect.objectContaining({ display_name: "api" })]),
    });
    expect(await get("/peers/api")).toMatchObject({ display_name: "api" });
    expect(await curl("-sS", "-X", "DELETE", "http://127.0.0.1:7433/peers/api")).toMatchObject({ retired_at: expect.any(String) });
    expect(await get("/peers/api")).toMatchObject({ status: 404, code: "peer_not_found" });
  });

  verifiesWith("mesh.peers.doctor", "curl", async () => {
    const { get, post } = await twoPeers();
    expect(await get("/peers/api/doctor")).toMatchObject({ display_name: "api", inbox: { pending_asks: 0 }, contradictions: [] });
    expect(await post("/peers/api/rehook", {})).toMatchObject({
      status: 409,
      code: expect.stringMatching(/missing_pane|backend_has_no_hook/),
    });
  });

  verifiesWith("mesh.panes", "curl", async () => {
    const { get, post } = await twoPeers();
    expect(await get("/panes/orphans")).toMatchObject({ panes: [], pane_backend: expect.stringMatching(/none|tmux/) });
    expect(await post("/panes/%257/link", { backend: "codex", name: "ghost" })).toMatchObject({
      code: expect.stringMatching(/pane_not_found|pane_backend_unavailable/),
    });
    expect(await post("/panes/x/link", { backend: "codex" })).toMatchObject({ status: 400, code: "invalid_pane_id" });
    expect(await get("/peers/ghost")).toMatchObject({ status: 404 });
  });

  verifiesWith("mesh.ask", "curl", async () => {
    const { get, post } = await twoPeers();
    const { correlation_id } = await post("/ask", { to_peer: "api", text: "Which port?", from_peer: "docs" });
    expect(correlation_id).toMatch(/^ask-[0-9a-f]{16}$/);
    expect(await get("/asks/pending?peer_id=api")).toMatchObject({ total: 1, asks: [{ correlation_id, text: "Which port?" }] });
    expect(await post("/ack", { correlation_id, message: "7433" })).toMatchObject({ ok: true, close_reason: "ack_with_msg" });
    expect(await post(`/asks/${String(correlation_id)}/wait`, {})).toMatchObject({ status: "resolved", reply_text: "7433" });
    expect(await get("/asks/pending?peer_id=api")).toEqual({ total: 0, asks: [] });
    expect(await post("/ack", { correlation_id, message: "late" })).toMatchObject({ status: 410, code: "ask_closed" });
  });

  verifiesWith("mesh.answer", "curl", async () => {
    const { post } = await twoPeers();
    const question = {
      kind: "choice",
      options: [
        { id: "blue", title: "Blue" },
        { id: "red", title: "Red" },
      ],
    };
    const { correlation_id } = await post("/ask", { to_peer: "api", text: "Which?", question });
    expect(await post("/answer", { correlation_id, option_id: "green" })).toMatchObject({ status: 422, code: "invalid_option" });
    expect(await post("/answer", { correlation_id, option_id: "blue" })).toMatchObject({ ok: true, correlation_id, outcome: "answered" });
    expect(await post("/answer", { correlation_id, option_id: "blue" })).toMatchObject({ status: 410, code: "question_closed" });
  });

  verifiesWith("mesh.messages", "curl", async () => {
    const { get, post } = await twoPeers();
    const { delivery_id } = await post("/notify", { to_peer: "api", text: "the schema has changed" });
    expect(await post("/broadcast", { text: "deploying" })).toMatchObject({ failed: [], queued: [expect.any(String), expect.any(String)] });
    expect(await get("/deliveries/pending?peer_id=api")).toMatchObject({ total: 2, messages: [{ delivery_id }, { text: "deploying" }] });
    const { claim_id } = await post("/messages/claim", { peer_id: "api" });
    expect(await post("/messages/confirm", { claim_id })).toEqual({ confirmed: 2, released: 0 });
    expect(await get(`/messages/${String(delivery_id)}`)).toMatchObject({ delivery_state: "delivered" });
  });

  verifiesWith("mesh.inbox", "curl", async () => {
    const { get, post } = await twoPeers();
    const { delivery_id } = await post("/notify", { to_peer: "api", text: "one" });
    const { claim_id } = await post("/messages/claim", { peer_id: "api" });
    expect(await get("/deliveries/pending?peer_id=api")).toMatchObject({ messages: [{ delivery_id, delivery_state: "claimed" }] });
    expect(await post("/messages/confirm", { claim_id, delivery_ids: [] })).toEqual({ confirmed: 0, released: 1 });
    expect(await post("/messages/confirm", { claim_id })).toMatchObject({ status: 409, code: "claim_expired" });
    expect(await post("/messages/claim", { peer_id: "api" })).toMatchObject({ messages: [{ delivery_id, text: "one" }] });
  });

  verifiesWith("mesh.session", "curl", async () => {
    const { get, post } = await twoPeers();
    expect(await post("/session/update", { peer_name: "api", status: "busy", turn_state: "working" })).toMatchObject({ status: "busy" });
    expect(await get("/peers/api")).toMatchObject({ turn_state: "working" });
    expect(await post("/session/update", { peer_name: "api" })).toMatchObject({ status: 400, code: "invalid_request" });
  });

  verifiesWith("mesh.peer-token", "curl", async () => {
    const { post, curl } = await twoPeers();
    const { peer_token } = await post("/peers", { backend: "service", name: "mine" });
    const mine = (path: string, body: object) => {
      const words = ["-H", `Authorization: Bearer ${String(peer_token)}`, "-H", "Content-Type: application/json", "-H", "Anode-Run: R-1"];
      return curl("-sS", `http://127.0.0.1:7433${path}`, ...words, "-d", JSON.stringify(body));
    };
    expect(await mine("/notify", { to_peer: "api", text: "x" })).toMatchObject({ delivery_state: "queued" });
    expect(await mine("/notify", { to_peer: "api", text: "x", from_peer: "docs" })).toMatchObject({ status: 403, code: "sender_mismatch" });
    expect(await mine("/notify", { to_peer: "api", text: "x", bypass_circle: true })).toMatchObject({
      status: 403,
      code: "circle_forbidden",
    });
    expect(await mine("/messages/claim", { peer_id: "api" })).toMatchObject({ status: 403, code: "identity_unproven" });
  });

  verifiesWith("mesh.timeline", "curl", async () => {
    const { get, post } = await twoPeers();
    await post("/notify", { to_peer: "api", text: "Hello" });
    const { next_cursor, ...page } = await get("/peers/api/timeline?limit=1");
    expect(page).toMatchObject({ events: [{ type: "message.sent", payload: { text: "Hello" } }] });
    expect(await get(`/peers/api/timeline?cursor=${String(next_cursor)}`)).toMatchObject({ events: [{ type: "peer.registered" }] });
    expect(await get("/peers/nobody/timeline")).toMatchObject({ status: 404, code: "peer_not_found" });
  });

  verifiesWith("mesh.traces", "curl", async () => {
    const { get, post } = await twoPeers();
    const { delivery_id } = await post("/notify", { to_peer: "api", text: "!" });
    expect(await get(`/traces/${String(delivery_id)}`)).toMatchObject({
      trace_id: delivery_id,
      kind: "notify",
      stages: [{ seq: 1, stage: "created" }, { stage: "resolved_peer" }, { stage: "pending" }],
    });
    expect(await get("/traces/dlv-0000000000000000")).toMatchObject({ status: 404, code: "trace_not_found" });
  });

  verifiesWith("mesh.auth", "curl", async () => {
    const { curl } = await curls({ daemon: { auth_token: "a-token-of-this-test" } });
    const peers = (...words: string[]) => curl("-sS", "http://127.0.0.1:7433/peers", ...words);
    expect(await peers()).toMatchObject({ status: 401, code: "auth_required" });
    expect(await peers("-H", "Authorization: Bearer wrong-token-of-nobody")).toMatchObject({ status: 401, code: "auth_invalid" });
    expect(await peers("-H", "Authorization: Bearer a-token-of-this-test")).toHaveProperty("peers");
    expect(await curl("-sS", "http://127.0.0.1:7433/health")).toEqual({ status: "ok" });
  });
});
