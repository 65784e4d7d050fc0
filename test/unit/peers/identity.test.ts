import { describe, expect, it } from "vitest";
import { localCaller } from "../../../lib/index.js";
import type { PeerProbes } from "../../../lib/peers/evidence.js";
import { openTestMesh } from "../../support/mesh.js";

const code = (name: string) => expect.objectContaining({ code: name });
const codex = { backend: "codex", path: "/srv/api" } as const;
const probes = (inside: readonly number[] = [], live: readonly number[] = []): PeerProbes => ({
  process: (pid) => Promise.resolve(live.includes(pid) ? "ok" : "fail"),
  pane: () => Promise.resolve({ evidence: "ok", look: { probe: "ok" } }),
  paneHolds: (_pane, pid) => Promise.resolve(inside.includes(pid) ? "ok" : "fail"),
});

describe("A registration", () => {
  it("names a peer by its folder and its backend, and numbers the next ones", async () => {
    const { call } = await openTestMesh();
    const names = [];
    for (let i = 0; i < 3; i += 1) names.push((await call("peers.register", codex)).peer.display_name);
    expect(names).toEqual(["api-codex", "api-codex-2", "api-codex-3"]);
    expect((await call("peers.register", { ...codex, path: "/srv/ödd näme" })).peer.display_name).toBe("dd-n-me-codex");
    expect((await call("peers.register", { backend: "codex" })).peer.display_name).toBe("codex");
  });

  it("of another agent in the same folder is another peer, by the same session it is the same", async () => {
    const { call } = await openTestMesh();
    const first = await call("peers.register", { ...codex, session_id: "s-1" });
    const other = await call("peers.register", { ...codex, session_id: "s-2" });
    const again = await call("peers.register", { ...codex, session_id: "s-1", model: "gpt" });
    expect(other.peer.peer_id).not.toBe(first.peer.peer_id);
    expect(again.peer).toMatchObject({ peer_id: first.peer.peer_id, display_name: "api-codex", model: "gpt" });
    const claude = await call("peers.register", { ...codex, backend: "claude-code", session_id: "s-1" });
    expect(claude.peer.peer_id).not.toBe(first.peer.peer_id);
    const elsewhere = await call("peers.register", { ...codex, machine: "other", session_id: "s-1" });
    expect(elsewhere.peer.peer_id).not.toBe(first.peer.peer_id);
  });

  it("by id is for its own token and for owners alone", async () => {
    const { call, peer } = await openTestMesh();
    const own = await peer("one", codex);
    const { caller } = await peer("two", codex);
    await expect(call("peers.register", { ...codex, peer_id: own.peer_id }, { caller })).rejects.toEqual(code("identity_unproven"));
    const back = await call("peers.register", { ...codex, peer_id: own.peer_id }, { caller: own.caller });
    expect(back.peer.display_name).toBe("one");
    await expect(call("peers.register", { ...codex, peer_id: "peer-0000000000000000" })).rejects.toEqual(code("peer_not_found"));
  });

  it("as a known peer, by its session or its pane, is for nobody else's token", async () => {
    const { call, peer } = await openTestMesh({ mesh: { probes: probes([42]) } });
    const agent = { ...codex, session_id: "s-1", pane_id: "%7", agent_pid: 42, agent_started: "12345" };
    const { peer_id } = await peer("one", agent);
    const { caller } = await peer("two", codex);
    const moved = { name: "three", circle: "other", circle_source: "explicit" } as const;
    await expect(call("peers.register", { ...codex, session_id: "s-1", ...moved }, { caller })).rejects.toEqual(code("identity_unproven"));
    const { session_id: _session, ...inPane } = agent;
    await expect(call("peers.register", { ...inPane, ...moved }, { caller })).rejects.toEqual(code("identity_unproven"));
    expect(await call("peers.get", { id: peer_id })).toMatchObject({ display_name: "one", circle: "default", pane_id: "%7" });
    expect((await call("peers.register", { ...inPane, ...moved })).peer).toMatchObject({ peer_id, display_name: "three" });
  });

  it("takes the name in one spelling only", async () => {
    const { call } = await openTestMesh();
    const both = call("peers.register", { ...codex, name: "one", display_name: "two" });
    await expect(both).rejects.toMatchObject({ details: { issues: [{ path: "name", code: "conflict" }] } });
    expect((await call("peers.register", { ...codex, display_name: "two" })).peer.display_name).toBe("two");
  });

  it.each(["human", "cli", "dashboard", "jobs", "schedules"])("is never called %s, in no circle and by no renaming", async (name) => {
    const { call, peer } = await openTestMesh();
    for (const circle of ["default", "team"]) {
      expect((await call("peers.register", { ...codex, name, circle })).peer.display_name).toBe(`${name}-2`);
    }
    const { peer_id, caller } = await peer("one", codex);
    const renamed = call("peers.update", { id: peer_id, display_name: name, circle: "ops" }, { caller });
    await expect(renamed).rejects.toEqual(code("name_taken"));
  });

  it("by the id of a retired peer is refused, but for one that was reaped and comes back, or a proven live agent", async () => {
    const { call, peer, mesh } = await openTestMesh({ mesh: { probes: probes([], [42]) } });
    const { peer_id, caller } = await peer("one", codex);
    await call("peers.remove", { id: peer_id });
    const again = { ...codex, peer_id };
    await expect(call("peers.register", again, { caller })).rejects.toMatchObject({ code: "peer_retired", status: 409 });
    const agent = { agent_started: "12345" };
    await expect(call("peers.register", { ...again, ...agent, agent_pid: 41 })).rejects.toEqual(code("peer_retired"));
    const proven = await call("peers.register", { ...again, ...agent, agent_pid: 42 });
    expect(proven.peer).toMatchObject({ peer_id, status: "online" });
    expect(proven.peer).not.toHaveProperty("retired_at");
    await mesh.peers.retire(peer_id, "reaped");
    expect((await call("peers.register", again, { caller })).peer).toMatchObject({ peer_id, display_name: "one" });
  });

  it("takes a name from a holder that is gone, and not from one that lives", async () => {
    const { call, peer } = await openTestMesh();
    const first = await peer("api", codex);
    expect((await call("peers.register", { ...codex, name: "api" })).peer.display_name).toBe("api-2");
    await call("peers.offline", { id: first.peer_id });
    const taken = await call("peers.register", { ...codex, name: "api" });
    expect(taken.peer.display_name).toBe("api");
    expect(await call("peers.get", { id: first.peer_id })).toMatchObject({ retire_reason: "superseded" });
    expect((await call("peers.register", { ...codex, name: "api", circle: "other" })).peer.display_name).toBe("api");
  });

  it("keeps circle and name of a known peer unless the circle is chosen", async () => {
    const { call } = await openTestMesh();
    const input = { ...codex, session_id: "s-1" };
    await call("peers.register", { ...input, circle: "team", circle_source: "tmux" });
    const inherited = await call("peers.register", { ...input, circle: "default", circle_source: "default" });
    expect(inherited.peer).toMatchObject({ circle: "team", circle_source: "tmux" });
    const moved = await call("peers.register", { ...input, circle: "ops", circle_source: "explicit" });
    expect(moved.peer).toMatchObject({ circle: "ops", circle_source: "explicit" });
  });

  it.for([
    ["name", { name: "peer-1" }],
    ["name", { name: "self" }],
    ["name", { name: "-x" }],
    ["name", { name: "x".repeat(65) }],
    ["circle", { circle: "a b" }],
    ["path", { path: "/" }],
    ["path", { path: "relative" }],
    ["pane_id", { pane_id: "7" }],
    ["metadata", { metadata: { text: "x".repeat(17_000) } }],
    ["agent_pid", { agent_pid: 0 }],
    ["shell", { shell: "rm" }],
  ] as const)("with a bad %s is refused by that name: %j", async ([field, bad]) => {
    const { reply } = await openTestMesh();
    const refused = reply("peers.register", { ...codex, ...bad });
    await expect(refused).rejects.toMatchObject({
      code: "invalid_request",
      details: { issues: [expect.objectContaining({ path: field })] },
    });
  });

  it("with another role than agent is for admins", async () => {
    const { call, peer } = await openTestMesh();
    const { caller } = await peer("one");
    await expect(call("peers.register", { ...codex, role: "orchestrator" }, { caller })).rejects.toEqual(code("role_forbidden"));
    expect((await call("peers.register", { ...codex, role: "orchestrator" })).peer.role).toBe("orchestrator");
  });

  it("of a run that takes no input, or of none, is refused", async () => {
    const { call, manager } = await openTestMesh();
    await expect(call("peers.register", { backend: "run", run_id: "R-1" })).rejects.toEqual(code("run_takes_no_input"));
    await expect(call("peers.register", { backend: "run" })).rejects.toEqual(code("invalid_request"));
    const run = await manager.start({ prompt: "x", profile: "echo" });
    await run.done();
    await expect(call("peers.register", { backend: "run", run_id: run.id })).rejects.toEqual(code("run_takes_no_input"));
  });

  it("of a foreign agent that is not defined is refused", async () => {
    const { call } = await openTestMesh({ mesh: { knowsAgent: (name) => name === "goose" } });
    await expect(call("peers.register", { ...codex, agent: "duck" })).rejects.toEqual(code("unknown_agent"));
    expect((await call("peers.register", { ...codex, agent: "goose" })).peer.agent).toBe("goose");
  });

  it("is bounded in number", async () => {
    const { call } = await openTestMesh({ manager: { limits: { peers: 4 } } });
    await call("peers.register", codex);
    await expect(call("peers.register", codex)).rejects.toEqual(code("too_many_peers"));
  });
});

describe("A pane", () => {
  const inPane = (more: object = {}) => ({ ...codex, pane_id: "%7", agent_pid: 10, agent_started: "1", ...more });

  it("passes from a session to the next of the same agent", async () => {
    const { call } = await openTestMesh({ mesh: { probes: probes([10, 11]) } });
    const first = await call("peers.register", inPane());
    const next = await call("peers.register", inPane({ agent_pid: 11, session_id: "s" }));
    expect(next).toMatchObject({ pane_assigned: true, peer: { peer_id: first.peer.peer_id, session_id: "s" } });
  });

  it("is taken from a living holder only by whoever is proven to run in it", async () => {
    const { call, feed } = await openTestMesh({ mesh: { probes: probes([20]) } });
    const holder = await call("peers.register", inPane({ session_id: "s-1" }));
    const stranger = await call("peers.register", inPane({ session_id: "s-2", agent_pid: 19 }));
    expect(stranger.pane_assigned).toBe(false);
    expect(stranger.peer).not.toHaveProperty("pane_id");
    expect((await feed()).filter(({ type }) => type === "pane.claim_rejected")).toMatchObject([
      { payload: { pane_id: "%7", claimant: stranger.peer.peer_id, holder: holder.peer.peer_id } },
    ]);
    const proven = await call("peers.register", inPane({ session_id: "s-3", agent_pid: 20 }));
    expect(proven).toMatchObject({ pane_assigned: true, peer: { pane_id: "%7" } });
    expect(await call("peers.get", { id: holder.peer.peer_id })).not.toHaveProperty("pane_id");
  });

  it("is not taken by a look that told nothing, but is free when its holder is gone", async () => {
    const { call } = await openTestMesh();
    const holder = await call("peers.register", inPane({ session_id: "s-1" }));
    expect(await call("peers.register", inPane({ session_id: "s-2" }))).toMatchObject({ pane_assigned: false });
    await call("peers.offline", { id: holder.peer.peer_id });
    expect(await call("peers.register", inPane({ session_id: "s-3" }))).toMatchObject({ pane_assigned: true });
  });

  it("is refused to a child of the agent that has it", async () => {
    const { call } = await openTestMesh({ mesh: { probes: probes([10, 12]) } });
    const { peer } = await call("peers.register", inPane());
    await expect(call("peers.register", inPane({ agent_pid: 12, parent_pid: 10 }))).rejects.toMatchObject({
      code: "pane_held",
      details: { peer_id: peer.peer_id },
    });
  });

  it("is shown to those who may operate it, and finds its peer", async () => {
    const { call } = await openTestMesh();
    await call("peers.register", inPane({ name: "api" }));
    const reader = { ...localCaller, scopes: ["read"] as const };
    expect(await call("peers.get", { id: "api" }, { caller: reader })).not.toHaveProperty("pane_id");
    expect(await call("peers.get", { id: "api" })).toMatchObject({ pane_id: "%7" });
    for (const pane_id of ["7", "%7"]) expect(await call("peers.byPane", { pane_id })).toMatchObject({ display_name: "api" });
    await expect(call("peers.byPane", { pane_id: "%8" })).rejects.toEqual(code("peer_not_found"));
    await expect(call("peers.byPane", { pane_id: "main:1" })).rejects.toEqual(code("invalid_pane_id"));
  });
});

describe("A name", () => {
  it("is looked for in the circle given, then in the sender's own, and is never guessed", async () => {
    const { call, peer } = await openTestMesh();
    const { caller } = await peer("me", { ...codex, circle: "blue" });
    const blue = await peer("api", { ...codex, circle: "blue" });
    const red = await peer("api", { ...codex, circle: "red" });
    expect(await call("peers.get", { id: "api" }, { caller })).toMatchObject({ peer_id: blue.peer_id });
    expect(await call("peers.get", { id: "api", circle: "red" })).toMatchObject({ peer_id: red.peer_id });
    await expect(call("peers.get", { id: "api" })).rejects.toMatchObject({
      code: "ambiguous_peer",
      details: { candidates: [expect.objectContaining({ circle: "blue" }), expect.objectContaining({ circle: "red" })] },
    });
    await expect(call("peers.get", { id: "Api" })).rejects.toEqual(code("peer_not_found"));
  });

  it("cannot be changed to one that is taken", async () => {
    const { call, peer } = await openTestMesh();
    await peer("one", codex);
    const { caller } = await peer("two", codex);
    await expect(call("peers.update", { id: "two", display_name: "one" }, { caller })).rejects.toEqual(code("name_taken"));
    await expect(call("peers.update", { id: "one", display_name: "three" }, { caller })).rejects.toEqual(code("identity_unproven"));
    const changed = await call("peers.update", { id: "two", display_name: "three", description: "tests the api" }, { caller });
    expect(changed).toMatchObject({ display_name: "three", description: "tests the api" });
    const cleared = await call("peers.update", { id: "three", description: null }, { caller });
    expect(cleared).not.toHaveProperty("description");
  });

  it("of a built-in peer cannot be claimed, changed or removed", async () => {
    const { call } = await openTestMesh();
    expect((await call("peers.register", { backend: "codex", name: "human" })).peer.display_name).toBe("human-2");
    await expect(call("peers.remove", { id: "jobs" })).rejects.toEqual(code("invalid_request"));
    await expect(call("peers.update", { id: "human", display_name: "boss" })).rejects.toEqual(code("invalid_request"));
    await expect(call("peers.offline", { id: "human" })).rejects.toEqual(code("invalid_request"));
  });
});
