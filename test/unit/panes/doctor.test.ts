import { describe, expect, it } from "vitest";
import { localCaller } from "../../../lib/caller.js";
import { type DoctorParts, PeerDoctor } from "../../../lib/panes/doctor.js";
import { doctorReport, type HookFile } from "../../../lib/panes/schema.js";
import type { PeerRegistration } from "../../../lib/peers/schema.js";
import { createPaneMesh, type PaneMesh } from "../../support/pane-mesh.js";

interface Bench extends PaneMesh {
  readonly peer_id: string;
  file(changes?: Partial<HookFile>): void;
  examine(): ReturnType<PeerDoctor["examine"]>;
  codes(): Promise<string[]>;
}

/** A peer with which all is well. */
async function bench(changes: Partial<PeerRegistration> = {}, parts: Partial<DoctorParts> = {}): Promise<Bench> {
  const mesh = await createPaneMesh();
  const { peer } = await mesh.peers.register(
    {
      backend: "claude-code",
      name: "api",
      pane_id: "%1",
      path: "/srv/api",
      machine: "box",
      agent_pid: 11,
      agent_started: "110",
      session_id: "s-1",
      ...changes,
    },
    localCaller,
  );
  const { peer_id } = peer;
  const doctor = new PeerDoctor({
    ...mesh,
    isAlive: ({ pid }) => (mesh.alive.has(pid) ? "ok" : "fail"),
    run: async () => "ok",
    inbox: () => ({ pending_asks: 0, queued: 0 }),
    inbound: () => ({ status: "online" }),
    ...parts,
  });
  const file = (given: Partial<HookFile> = {}): void =>
    void mesh.written.set("%1", {
      peer_id,
      display_name: "api",
      backend: "claude-code",
      pane_id: "%1",
      hook_pid: 500,
      hook_started: 5,
      ...given,
    });
  const examine = () => doctor.examine(mesh.peers.find(peer_id));
  file();
  mesh.connect(peer_id, "%1");
  mesh.peers.event(peer_id, { type: "seen" });
  mesh.peers.event(peer_id, { type: "composer_idle" });
  mesh.alive.add(11).add(500);
  return {
    ...mesh,
    peer_id,
    file,
    examine,
    codes: async () => (await examine()).contradictions.map(({ code }) => code),
  };
}

describe("the doctor of a peer", () => {
  it("tells all that can be found out, and finds nothing where all is well", async () => {
    const self = await bench();
    const report = await self.examine();
    expect(doctorReport.parse(report)).toEqual(report);
    expect(report).toMatchObject({
      peer_id: self.peer_id,
      display_name: "api",
      local: true,
      turn_state: "idle",
      link: { connected: true, pane_id: "%1", receipts: true, hook_version: 1 },
      pane: { probe: "ok", pane_id: "%1", session: "api:main", current_path: "/srv/api", pid: 11, agent_in_tree: true },
      hook: { probe: "ok", peer_id: self.peer_id, display_name: "api", pid: 500, alive: true },
      agent: { probe: "ok", pid: 11, alive: true },
      run: { probe: "unavailable" },
      contradictions: [],
    });
  });

  it("changes nothing by looking", async () => {
    const self = await bench();
    self.panes.remove("%1");
    await self.host.clock.advance(10_000);
    const before = [self.peers.byId(self.peer_id), [...self.written], self.store.calls.commit];
    await self.examine();
    await self.host.clock.advance(10_000);
    expect([self.peers.byId(self.peer_id), [...self.written], self.store.calls.commit]).toEqual(before);
  });

  it.each<[string, (self: Bench) => void]>([
    ["ONLINE_BUT_NO_WS", (self) => self.connect(self.peer_id)],
    ["PANE_MISSING", ({ panes }) => panes.remove("%1")],
    [
      "PANE_NOT_AGENT",
      ({ panes }) => panes.change("%1", { processes: [{ pid: 11, ppid: 1, name: "bash", started: 999, foreground: true }] }),
    ],
    ["AGENT_PID_DEAD", ({ alive }) => void alive.delete(11)],
    ["HOOK_PEERID_MISMATCH", (self) => self.file({ peer_id: "peer-another", display_name: "docs" })],
    ["WS_PANE_MISMATCH", (self) => self.connect(self.peer_id, "%2")],
  ])("finds %s", async (code, happen) => {
    const self = await bench();
    happen(self);
    expect(await self.codes()).toEqual([code]);
  });

  it("names a rehook only where there is a hook: the plugin of OpenCode has none", async () => {
    const remedies = async (backend: "claude-code" | "opencode") => {
      const self = await bench({ backend });
      self.connect(self.peer_id);
      return (await self.examine()).contradictions.map(({ code, remedy }) => [code, remedy]);
    };
    expect(await remedies("claude-code")).toEqual([["ONLINE_BUT_NO_WS", "rehook"]]);
    expect(await remedies("opencode")).toEqual([["ONLINE_BUT_NO_WS", "none"]]);
  });

  it("finds a run that has ended, a twin, an old ask and a queue that stands still", async () => {
    expect(await (await bench({ run_id: "R-1" }, { run: async () => "fail" })).codes()).toEqual(["RUN_ENDED"]);
    const twin = await bench();
    await twin.peers.register({ backend: "claude-code", name: "twin", machine: "other", session_id: "s-1" }, localCaller);
    expect(await twin.codes()).toEqual(["DUPLICATE_SESSION"]);
    const inbox = { pending_asks: 1, oldest_age_ms: 1_800_001, oldest_correlation_id: "ask-1", queued: 1, oldest_queued_age_ms: 300_001 };
    const busy = await bench({}, { inbox: () => inbox });
    expect(await busy.codes()).toEqual(["STALE_PENDING_ASK", "QUEUE_NOT_DRAINED"]);
    busy.peers.event(busy.peer_id, { type: "absent", reason: "no_evidence" });
    expect(await busy.codes()).toEqual(["STALE_PENDING_ASK"]);
    const young = await bench({}, { inbox: () => ({ ...inbox, oldest_age_ms: 1_800_000, oldest_queued_age_ms: 300_000 }) });
    expect(await young.codes()).toEqual([]);
  });

  it("finds nothing against what it could not look at", async () => {
    const self = await bench({}, { isAlive: () => "unavailable" });
    self.panes.breakDown("no tmux");
    self.files.read = async () => ({ probe: "unavailable", reason: "no permission" });
    const { pane, hook, agent, contradictions } = await self.examine();
    expect([pane.probe, hook.probe, agent.probe, contradictions]).toEqual(["unavailable", "unavailable", "unavailable", []]);
  });

  it("looks at nothing of another machine, and holds nothing of it against it", async () => {
    const self = await bench({ machine: "elsewhere" });
    self.panes.remove("%1");
    self.alive.clear();
    const { local, pane, hook, agent, contradictions } = await self.examine();
    expect([local, pane, hook, agent, contradictions]).toEqual([
      false,
      { probe: "unavailable", pane_id: "%1" },
      { probe: "unavailable" },
      { probe: "unavailable" },
      [],
    ]);
  });
});
