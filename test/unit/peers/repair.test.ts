import { describe, expect, it } from "vitest";
import type { PeerProbes, Probe } from "../../../lib/peers/evidence.js";
import { openTestMesh, type TestMesh } from "../../support/mesh.js";

const codex = { backend: "codex", path: "/srv/api" } as const;
const minute = 60_000;

interface Looks {
  process: Probe;
  pane: Probe;
  count: number;
}

/** A mesh whose host sees what the test says. */
async function watched(looks: Partial<Looks> = {}) {
  const seen: Looks = { process: "unavailable", pane: "unavailable", count: 0, ...looks };
  const probes: PeerProbes = {
    process: () => Promise.resolve(seen.process),
    pane: () => {
      seen.count += 1;
      return Promise.resolve({ evidence: seen.pane, look: { probe: "unavailable" } });
    },
    paneHolds: () => Promise.resolve("unavailable"),
  };
  return { seen, ...(await openTestMesh({ mesh: { probes } })) };
}

const stateOf = async ({ call }: Pick<TestMesh, "call">, id: string) => {
  const { status, status_reason, turn_state, retire_reason } = await call("peers.get", { id });
  return [status, status_reason ?? turn_state, retire_reason].filter(Boolean).join(" ");
};

describe("The repair pass", () => {
  it("takes a silent peer offline after the contact time, and retires it when it stays away", async () => {
    const test = await openTestMesh();
    const { call, host, settle, peer } = test;
    const { peer_id } = await peer("quiet", codex);
    const { correlation_id } = await call("asks.ask", { to_peer: "quiet", text: "?", if_unavailable: "queue" });
    await host.clock.advance(4 * minute);
    expect(await stateOf(test, peer_id)).toBe("online");
    await host.clock.advance(2 * minute);
    expect(await stateOf(test, peer_id)).toBe("offline no_evidence");
    await host.clock.advance(8 * minute);
    expect(await stateOf(test, peer_id)).toBe("offline no_evidence");
    await host.clock.advance(3 * minute);
    await settle();
    expect(await stateOf(test, peer_id)).toBe("offline reaped");
    expect(await call("asks.get", { id: correlation_id })).toMatchObject({ close_reason: "evicted" });
  });

  it("is undone by a call of the peer", async () => {
    const test = await openTestMesh();
    const { call, host, peer } = test;
    const { peer_id, caller } = await peer("quiet", codex);
    await host.clock.advance(6 * minute);
    expect(await stateOf(test, peer_id)).toBe("offline no_evidence");
    await call("peers.whoami", {}, { caller });
    expect(await stateOf(test, peer_id)).toBe("online");
  });

  it("does not bring back who was taken offline, by a call from before", async () => {
    const test = await openTestMesh();
    const { peer_id, caller } = await test.peer("gone", codex);
    await test.call("peers.offline", { id: peer_id, reason: "suspended" }, { caller });
    await test.host.clock.advance(minute);
    expect(await stateOf(test, peer_id)).toBe("offline suspended");
    await test.call("peers.whoami", {}, { caller });
    expect(await stateOf(test, peer_id)).toBe("online");
  });

  it("counts the time away from a restart on", async () => {
    const before = await openTestMesh();
    const { peer_id } = await before.peer("quiet", codex);
    await before.host.clock.advance(4 * minute);
    const after = await before.reopen();
    expect(await stateOf(after, peer_id)).toBe("offline restart");
    await after.host.clock.advance(9 * minute);
    expect(await stateOf(after, peer_id)).toBe("offline restart");
    await after.host.clock.advance(3 * minute);
    await after.settle();
    expect(await stateOf(after, peer_id)).toBe("offline reaped");
  });

  it("retires a peer whose process and pane are gone, and not one of which only one look failed", async () => {
    const test = await watched({ process: "ok", pane: "ok" });
    const { call, host, settle, seen } = test;
    const agent = { agent_pid: 10, agent_started: "1", pane_id: "%1" };
    const { peer } = await call("peers.register", { ...codex, ...agent, name: "api" });
    seen.process = "fail";
    await host.clock.advance(10 * minute);
    expect(await stateOf(test, peer.peer_id)).toBe("online");
    seen.pane = "fail";
    await host.clock.advance(minute);
    await settle();
    expect(await stateOf(test, peer.peer_id)).toBe("offline agent_exited");
  });

  it("needs three vain looks at a pane of which no process is known", async () => {
    const test = await watched({ pane: "ok" });
    const { call, host, settle, seen } = test;
    const { peer } = await call("peers.register", { ...codex, pane_id: "%1", name: "api" });
    await host.clock.advance(minute);
    seen.pane = "fail";
    await host.clock.advance(2 * minute);
    expect(await stateOf(test, peer.peer_id)).toBe("online");
    await host.clock.advance(2 * minute);
    await settle();
    expect(await stateOf(test, peer.peer_id)).toBe("offline pane_missing");
  });

  it("does not wait for a look that never ends, and takes it for no word", async () => {
    const test = await openTestMesh({
      mesh: { probes: { process: () => new Promise(() => {}), pane: () => new Promise(() => {}), paneHolds: () => Promise.resolve("ok") } },
    });
    const { call, host } = test;
    const { peer } = await call("peers.register", { ...codex, pane_id: "%1", name: "api" });
    await host.clock.advance(4 * minute);
    expect(test.mesh.peers.byId(peer.peer_id)?.status).toBe("online");
    await host.clock.advance(2 * minute);
    expect(test.mesh.peers.byId(peer.peer_id)?.status_reason).toBe("no_evidence");
  });

  it("is made once in half a minute, however many ask", async () => {
    const { call, host, seen } = await watched({ pane: "ok" });
    await call("peers.register", { ...codex, pane_id: "%1" });
    await host.clock.advance(minute);
    const before = seen.count;
    for (let i = 0; i < 10; i += 1) await call("peers.list", {});
    expect(seen.count - before).toBeLessThanOrEqual(1);
  });

  it("takes a busy peer of which nothing was heard for half an hour for online, in an unknown turn", async () => {
    const test = await openTestMesh();
    const { call, host, peer } = test;
    const { peer_id, caller } = await peer("busy", codex);
    await call("session.update", { peer_id, status: "busy", turn_state: "working" }, { caller });
    for (let i = 0; i < 10; i += 1) {
      await host.clock.advance(2.9 * minute);
      await call("peers.touch", { id: peer_id });
    }
    expect(await stateOf(test, peer_id)).toBe("busy working");
    await host.clock.advance(2 * minute);
    expect(await stateOf(test, peer_id)).toBe("online stale_busy");
  });

  it("forgets a retired peer after three days", async () => {
    const { call, host, peer, mesh } = await openTestMesh();
    const { peer_id } = await peer("old", codex);
    await call("peers.remove", { id: peer_id });
    host.clock.jump(71 * 60 * minute);
    await host.clock.advance(minute);
    expect(mesh.peers.tombstones()).toHaveLength(1);
    host.clock.jump(2 * 60 * minute);
    await host.clock.advance(minute);
    expect(mesh.peers.tombstones()).toEqual([]);
    await expect(call("peers.get", { id: peer_id })).rejects.toMatchObject({ code: "peer_not_found" });
  });
});

describe("A peer that is a run", () => {
  it("shows what its run does, and is retired with it", async () => {
    const test = await openTestMesh();
    const { call, manager, settle } = test;
    const run = await manager.start({ prompt: "wait", profile: "echo", keep_open: true });
    const { peer } = await call("peers.register", { backend: "run", run_id: run.id, name: "echo" });
    await call("asks.ask", { to_peer: "echo", text: "hi" });
    await settle();
    expect(await stateOf(test, peer.peer_id)).toBe("online idle");
    await manager.cancel(run.id);
    await settle();
    expect(await stateOf(test, peer.peer_id)).toBe("offline run_ended");
  });

  it("is retired by a restart that interrupted its run", async () => {
    const before = await openTestMesh();
    const run = await before.manager.start({ prompt: "wait", profile: "echo", keep_open: true });
    const { peer } = await before.call("peers.register", { backend: "run", run_id: run.id, name: "echo" });
    await before.settle();
    const after = await before.reopen();
    expect(await stateOf(after, peer.peer_id)).toBe("offline run_ended");
  });
});

describe("A description", () => {
  it("is shown for a quarter of an hour, and the store is not written for its end", async () => {
    const { call, peer, host, feed } = await openTestMesh();
    const { caller } = await peer("me");
    await call("peers.update", { id: "me", description: "tests" }, { caller });
    const updates = async () => (await feed()).filter(({ type }) => type === "peer.updated").length;
    expect(await updates()).toBe(1);
    await host.clock.advance(14 * minute);
    expect(await call("peers.get", { id: "me" }, { caller })).toMatchObject({ description: "tests" });
    await host.clock.advance(minute);
    expect(await call("peers.get", { id: "me" }, { caller })).not.toHaveProperty("description");
    expect(await updates()).toBe(1);
  });
});
