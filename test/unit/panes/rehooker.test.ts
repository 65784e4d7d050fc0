import { describe, expect, it } from "vitest";
import { localCaller } from "../../../lib/caller.js";
import type { AnodeError } from "../../../lib/errors.js";
import { Rehooker, type RehookParts } from "../../../lib/panes/rehooker.js";
import type { HookFile, RehookReport } from "../../../lib/panes/schema.js";
import type { PeerRecord, PeerRegistration } from "../../../lib/peers/schema.js";
import { createPaneMesh, type PaneMesh } from "../../support/pane-mesh.js";

interface Bench extends PaneMesh {
  readonly peer: PeerRecord;
  rehook(options?: { apply?: boolean; signal?: AbortSignal }): Promise<RehookReport>;
  /** What the hook has written down. */
  file(changes?: Partial<HookFile>): void;
}

async function bench(changes: Partial<PeerRegistration> = {}, parts: Partial<RehookParts> = {}): Promise<Bench> {
  const mesh = await createPaneMesh();
  const { peer } = await mesh.peers.register(
    { backend: "claude-code", pane_id: "%1", path: "/srv/api", machine: "box", agent_pid: 11, agent_started: "110", ...changes },
    localCaller,
  );
  const rehooker = new Rehooker({
    ...mesh,
    startHook: (request) => mesh.startHook(request),
    isAlive: ({ pid }) => (mesh.alive.has(pid) ? "ok" : "fail"),
    token: async () => "a new token",
    linkMs: 8_000,
    pingMs: 2_000,
    ...parts,
  });
  return {
    ...mesh,
    peer,
    rehook: ({ apply = false, signal = new AbortController().signal } = {}) => rehooker.rehook(peer, apply, signal),
    file: (given = {}) =>
      void mesh.written.set("%1", {
        peer_id: peer.peer_id,
        display_name: peer.display_name,
        backend: "claude-code",
        pane_id: "%1",
        hook_pid: 500,
        hook_started: 5,
        peer_token: "the old token",
        ...given,
      }),
  };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "it resolved",
    (error: unknown) => (error as AnodeError).code,
  );

describe("rehook", () => {
  it.each<[string, Partial<PeerRegistration>, (self: Bench) => void]>([
    ["cross_host", { machine: "elsewhere" }, () => {}],
    ["missing_pane", { backend: "service", pane_id: undefined as never }, () => {}],
    ["backend_has_no_hook", { backend: "service" }, () => {}],
    ["backend_has_no_hook", { backend: "opencode", session_id: "s-1" }, (self) => self.file()],
    ["pane_unproven", {}, ({ panes }) => panes.remove("%1")],
    ["pane_unproven", { path: "/srv/other" }, () => {}],
    ["pane_unproven", {}, ({ panes }) => panes.change("%1", { processes: [] })],
    ["pane_unproven", { path: "/srv/other" }, (self) => self.file({ peer_id: "peer-another" })],
    ["pane_backend_unavailable", {}, ({ panes }) => panes.breakDown("no tmux")],
  ])("refuses what it has no ground for: %s %j", async (code, changes, happen) => {
    const self = await bench(changes);
    happen(self);
    expect(await codeOf(self.rehook({ apply: true }))).toBe(code);
    expect(self.hooks).toEqual([]);
  });

  it("does nothing to a healthy socket, and never ends or starts anything", async () => {
    const self = await bench();
    self.file({ display_name: "an old name" });
    self.connect(self.peer.peer_id, "%1");
    const before = structuredClone([...self.written]);
    for (const apply of [false, true]) {
      expect(await self.rehook({ apply })).toEqual({
        peer_id: self.peer.peer_id,
        display_name: self.peer.display_name,
        pane_id: "%1",
        dry_run: !apply,
        acted: false,
        ws_was_connected: true,
        ping: "ok",
        pane_proof: "hook_metadata",
        hook_started: false,
        ws_connected: true,
        reason: "already_healthy",
      });
    }
    expect([self.hooks, [...self.written], self.sockets.of(self.peer.peer_id)?.pane_id]).toEqual([[], before, "%1"]);
  });

  it("says without apply what it would do, and has no effect", async () => {
    const self = await bench();
    const commits = self.store.calls.commit;
    expect(await self.rehook()).toMatchObject({
      dry_run: true,
      acted: false,
      reason: "would_start_hook",
      pane_proof: "path_and_agent",
      ping: "unavailable",
    });
    self.file({ display_name: "an old name" });
    self.alive.add(500);
    const before = structuredClone([...self.written]);
    expect(await self.rehook()).toMatchObject({ dry_run: true, acted: false, reason: "would_reconcile", pane_proof: "hook_metadata" });
    expect([self.hooks, [...self.written], self.store.calls.commit, self.host.clock.pending]).toEqual([[], before, commits, 0]);
  });

  it("starts a hook with the token that is there, and waits for its socket", async () => {
    const self = await bench();
    self.file();
    const report = self.rehook({ apply: true });
    for (let turns = 0; turns < 20 && self.hooks.length === 0; turns += 1) await self.host.clock.advance(0);
    self.connect(self.peer.peer_id, "%1");
    expect(await report).toMatchObject({
      acted: true,
      hook_started: true,
      ws_connected: true,
      ws_was_connected: false,
      reason: "hook_started",
    });
    expect(self.hooks.map(({ peer_id, pane_id, hasEnded }) => [peer_id, pane_id, hasEnded])).toEqual([[self.peer.peer_id, "%1", false]]);
    expect(self.written.get("%1")).toMatchObject({ peer_token: "the old token", agent_pid: 11, agent_started: 110 });
  });

  it("leaves the plugin of OpenCode alone and says how its socket comes back; a pane of OpenCode without one gets its hook", async () => {
    const plugin = await bench({ backend: "opencode", session_id: "s-1" });
    await expect(plugin.rehook()).rejects.toMatchObject({
      code: "backend_has_no_hook",
      details: { hint: expect.stringContaining("anode hooks status opencode") },
    });
    const linked = await bench({ backend: "opencode" });
    void linked.rehook({ apply: true });
    for (let turns = 0; turns < 20 && linked.hooks.length === 0; turns += 1) await linked.host.clock.advance(0);
    expect(linked.hooks).toMatchObject([{ peer_id: linked.peer.peer_id, backend: "opencode" }]);
  });

  it("makes a new token where the old one is lost, and gives it to nobody else", async () => {
    const self = await bench();
    self.file({ peer_id: "peer-before", peer_token: "somebody else's" });
    void self.rehook({ apply: true });
    for (let turns = 0; turns < 20 && self.hooks.length === 0; turns += 1) await self.host.clock.advance(0);
    expect(self.written.get("%1")).toMatchObject({ peer_id: self.peer.peer_id, peer_token: "a new token" });
  });

  it.each(["a silent socket", "no socket"])("says that the hook did not connect in time, and leaves it (%s)", async (which) => {
    const self = await bench();
    if (which === "a silent socket") {
      self.connect(self.peer.peer_id, "%9");
      self.silent.add(self.peer.peer_id);
    }
    const report = self.rehook({ apply: true });
    for (let turns = 0; turns < 20 && self.hooks.length === 0; turns += 1) await self.host.clock.advance(0);
    await self.host.clock.advance(8_000);
    expect(await report).toMatchObject({ acted: true, hook_started: true, ws_connected: false, reason: "hook_started_no_socket" });
    expect(self.hooks[0]?.hasEnded).toBe(false);
  });

  it("starts no second hook beside one that lives, nor where that cannot be known", async () => {
    const self = await bench();
    self.file();
    self.alive.add(500);
    expect(await self.rehook({ apply: true })).toMatchObject({ acted: false, reason: "skipped_hook_alive" });
    const unknown = await bench({}, { isAlive: () => "unavailable" });
    unknown.file();
    expect(await unknown.rehook({ apply: true })).toMatchObject({ acted: false, reason: "skipped_hook_alive" });
    expect([self.hooks, unknown.hooks]).toEqual([[], []]);
  });

  it("rewrites what a living hook has written down of another name", async () => {
    const self = await bench();
    self.file({ display_name: "an old name" });
    self.alive.add(500);
    expect(await self.rehook({ apply: true })).toMatchObject({ acted: true, hook_started: false, reason: "reconciled" });
    expect(self.written.get("%1")).toMatchObject({ display_name: self.peer.display_name, hook_pid: 500, hook_started: 5 });
    expect(self.hooks).toEqual([]);
  });

  it("leaves a pane in which somebody is at work", async () => {
    const self = await bench();
    const letGo = self.locks.take("%1");
    expect(await self.rehook({ apply: true })).toMatchObject({ acted: false, reason: "skipped_lock_held" });
    letGo?.();
    const report = self.rehook({ apply: true });
    for (let turns = 0; turns < 20 && self.hooks.length === 0; turns += 1) await self.host.clock.advance(0);
    expect(self.locks.take("%1")).toBeUndefined();
    self.connect(self.peer.peer_id, "%1");
    await report;
    expect(self.locks.take("%1")).toBeDefined();
  });

  it("waits no longer than its caller", async () => {
    const self = await bench();
    const leave = new AbortController();
    const report = self.rehook({ apply: true, signal: leave.signal });
    for (let turns = 0; turns < 20 && self.hooks.length === 0; turns += 1) await self.host.clock.advance(0);
    leave.abort();
    expect(await report).toMatchObject({ reason: "hook_started_no_socket" });
    expect([self.hooks[0]?.hasEnded, self.host.clock.pending]).toEqual([false, 0]);
  });
});
