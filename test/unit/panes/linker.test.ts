import { describe, expect, it } from "vitest";
import { type Caller, localCaller } from "../../../lib/caller.js";
import { AnodeError } from "../../../lib/errors.js";
import { PaneLinker } from "../../../lib/panes/linker.js";
import type { LinkedPane, LinkRequest } from "../../../lib/panes/schema.js";
import { createPaneMesh, type PaneMesh } from "../../support/pane-mesh.js";

interface Bench extends PaneMesh {
  readonly linker: PaneLinker;
  readonly leave: AbortController;
  link(request?: Partial<LinkRequest>, pane?: string, caller?: Caller): Promise<LinkedPane>;
  /** Peers that a person did not put there. */
  made(): string[];
}

const linkMs = 8_000;

async function bench(mesh?: PaneMesh): Promise<Bench> {
  const parts = mesh ?? (await createPaneMesh());
  const linker = new PaneLinker({ ...parts, startHook: (request) => parts.startHook(request), linkMs });
  const leave = new AbortController();
  return {
    ...parts,
    linker,
    leave,
    link: (request, pane = parts.pane.pane_id, caller = localCaller) =>
      linker.link(pane, { backend: "claude-code", ...request }, caller, leave.signal),
    made: () => parts.peers.living().flatMap(({ backend, display_name }) => (backend === "claude-code" ? [display_name] : [])),
  };
}

/** Waits until something is so, letting promises settle, while the clock stands still. */
async function until(self: Bench, isSo: () => boolean): Promise<void> {
  for (let turns = 0; turns < 100 && !isSo(); turns += 1) await self.host.clock.advance(0);
  expect(isSo()).toBe(true);
}

const refusal = (promise: Promise<unknown>): Promise<AnodeError> =>
  promise.then(
    () => expect.fail("it resolved"),
    (error: unknown) => error as AnodeError,
  );

describe("link", () => {
  it("registers, writes, starts the hook and answers once its socket is open as this peer for this pane", async () => {
    const self = await bench();
    const linked = self.link();
    await until(self, () => self.hooks.length === 1);
    const [hook] = self.hooks;
    const peer = self.peers.byId(hook?.peer_id ?? "");
    expect(peer).toMatchObject({
      provisional: true,
      pane_id: "%1",
      tmux_session: "api:main",
      path: "/srv/api",
      circle: "api",
      circle_source: "tmux",
      agent_pid: 11,
    });
    self.connect("peer-of-somebody", "%1");
    self.connect(peer?.peer_id ?? "", "%2");
    await self.host.clock.advance(linkMs - 1);
    self.connect(peer?.peer_id ?? "", "%1");
    expect(await linked).toEqual({
      linked: true,
      pane_id: "%1",
      peer_id: peer?.peer_id,
      display_name: "api-claude-code",
      circle: "api",
      ws_connected: true,
    });
    expect(self.peers.byId(peer?.peer_id ?? "")).toMatchObject({ provisional: false, status: "online" });
    expect(self.written.get("%1")).toEqual({
      peer_id: peer?.peer_id,
      display_name: "api-claude-code",
      backend: "claude-code",
      pane_id: "%1",
      agent_pid: 11,
      agent_started: 110,
      peer_token: `token of ${peer?.peer_id}`,
    });
    expect([hook?.hasEnded, self.host.clock.pending]).toEqual([false, 0]);
  });

  it("takes name, circle and path of the request, and no circle of a session whose name is none", async () => {
    const self = await bench();
    const named = self.link({ name: "docs", circle: "team", path: "/srv/docs" }, "1");
    await until(self, () => self.hooks.length === 1);
    expect(self.peers.byId(self.hooks[0]?.peer_id ?? "")).toMatchObject({
      display_name: "docs",
      circle: "team",
      circle_source: "explicit",
      path: "/srv/docs",
    });
    self.leave.abort();
    await refusal(named);
    const other = await bench();
    other.panes.change("%1", { session: "a b" });
    void other.link().catch(() => {});
    await until(other, () => other.hooks.length === 1);
    expect(other.peers.byId(other.hooks[0]?.peer_id ?? "")).toMatchObject({ circle: "default", circle_source: "default" });
  });

  it.each<[string, string, (self: Bench) => void]>([
    ["7x", "invalid_pane_id", () => {}],
    ["%7", "pane_not_found", () => {}],
    ["%1", "pane_backend_unavailable", (self) => self.panes.breakDown("no tmux")],
    ["%1", "pane_not_found", (self) => self.panes.change("%1", { processes: [] })],
  ])("refuses %s: %s", async (pane, code, happen) => {
    const self = await bench();
    happen(self);
    expect((await refusal(self.link({}, pane))).code).toBe(code);
    expect([self.made(), self.hooks]).toEqual([[], []]);
  });

  it("refuses a pane that is a peer's, by its name", async () => {
    const self = await bench();
    const { peer } = await self.peers.register({ backend: "codex", pane_id: "%1" }, localCaller);
    const error = await refusal(self.link());
    expect([error.code, error.details?.["peer_id"]]).toEqual(["pane_already_linked", peer.peer_id]);
    expect([self.made(), self.peers.byId(peer.peer_id)?.retired_at]).toEqual([[], undefined]);
  });

  it("lets one of two links of a pane win", async () => {
    const self = await bench();
    const links = [self.link(), self.link()];
    const loser = refusal(links[1] ?? Promise.resolve());
    await until(self, () => self.hooks.length === 1);
    self.connect(self.hooks[0]?.peer_id ?? "", "%1");
    expect([(await links[0])?.linked, (await loser).code]).toEqual([true, "pane_already_linked"]);
    expect([self.made(), self.hooks.length]).toEqual([["api-claude-code"], 1]);
    expect((await refusal(self.link())).code).toBe("pane_already_linked");
  });
});

describe("a link that does not come to its end", () => {
  const steps: [string, string, (self: Bench, linked: Promise<unknown>) => Promise<void>][] = [
    ["nothing can be written", "link_hook_failed", async (self) => void self.broken.add("write")],
    ["the hook does not start", "link_hook_failed", async (self) => void self.broken.add("start")],
    [
      "the hook ends before it is connected",
      "link_hook_failed",
      async (self) => {
        await until(self, () => self.hooks.length === 1);
        self.hooks[0]?.leave();
      },
    ],
    [
      "the hook never connects",
      "link_no_transport",
      async (self) => {
        await until(self, () => self.hooks.length === 1);
        await self.host.clock.advance(linkMs);
      },
    ],
    [
      "the peer is retired meanwhile",
      "link_no_transport",
      async (self) => {
        await until(self, () => self.hooks.length === 1);
        const peer_id = self.hooks[0]?.peer_id ?? "";
        await self.peers.retire(peer_id, "unregistered");
        self.connect(peer_id, "%1");
      },
    ],
    ["its caller has left before it began", "link_no_transport", async (self) => self.leave.abort()],
    [
      "its caller leaves while it waits",
      "link_no_transport",
      async (self) => {
        await until(self, () => self.hooks.length === 1);
        self.leave.abort();
      },
    ],
    [
      "the daemon stops while it waits",
      "link_no_transport",
      async (self) => {
        await until(self, () => self.hooks.length === 1);
        await self.linker.close();
        expect(self.made()).toEqual([]);
        expect((await refusal(self.link())).code).toBe("shutting_down");
      },
    ],
  ];

  it.each(steps)("leaves no peer, no file and no hook when %s: %s", async (_, code, happen) => {
    const self = await bench();
    const linked = refusal(self.link());
    await happen(self, linked);
    const error = await linked;
    expect([error.code, error.details?.["rolled_back"]]).toEqual([code, true]);
    expect([self.made(), [...self.written], self.hooks.every(({ hasEnded }) => hasEnded)]).toEqual([[], [], true]);
    expect(self.host.clock.pending).toBe(0);
    for (const part of self.broken) self.broken.delete(part);
  });

  it.each(["registration", "hook start"])("leaves nothing when its caller leaves during the %s", async (when) => {
    const self = await bench();
    if (when === "registration") self.store.holdCommits();
    const linked = refusal(self.link());
    if (when === "registration") await until(self, () => self.made().length === 1);
    else await until(self, () => self.written.size === 1);
    self.leave.abort();
    self.store.releaseCommits();
    expect((await linked).code).toBe("link_no_transport");
    expect([self.made(), [...self.written], self.hooks.every(({ hasEnded }) => hasEnded)]).toEqual([[], [], true]);
  });

  it("lets the pane be linked again afterwards", async () => {
    const self = await bench();
    self.broken.add("start");
    await refusal(self.link());
    self.broken.clear();
    const again = self.link();
    await until(self, () => self.hooks.length === 1);
    self.connect(self.hooks[0]?.peer_id ?? "", "%1");
    expect((await again).linked).toBe(true);
  });

  it("leaves nothing when the store has no space for the peer", async () => {
    const self = await bench();
    self.store.failCommits(1, "storage_full");
    expect((await refusal(self.link())).code).toBe("storage_full");
    expect([self.made(), self.hooks]).toEqual([[], []]);
  });

  it("is refused at once, and undone, when the disk fills while its hook connects", async () => {
    const self = await bench();
    const refused = refusal(self.link());
    await until(self, () => self.hooks.length === 1);
    const [hook] = self.hooks;
    self.store.failCommits(1, "storage_full");
    self.connect(hook?.peer_id ?? "", "%1");
    await until(self, () => hook?.hasEnded === true);
    expect((await refused).code).toBe("storage_full");
    expect([self.made(), [...self.written]]).toEqual([[], []]);
  });

  it.each(["remove", "end"] as const)("says so when it cannot be undone (%s), and the next repair pass finishes it", async (part) => {
    const self = await bench();
    self.broken.add(part);
    const linked = refusal(self.link());
    await until(self, () => self.hooks.length === 1);
    await self.host.clock.advance(linkMs);
    const error = await linked;
    expect([error.code, self.made()]).toEqual(["link_rollback_failed", []]);
    await self.linker.repair();
    expect(self.host.lines.map(({ event }) => event)).toContain("pane.link_not_undone");
    self.broken.clear();
    await self.linker.repair();
    expect([[...self.written], self.hooks.every(({ hasEnded }) => hasEnded)]).toEqual([[], true]);
  });
});

describe("repair", () => {
  it("removes the peers of links that a former life did not finish, and no other", async () => {
    const before = await bench();
    void before.link().catch(() => {});
    await until(before, () => before.hooks.length === 1);
    const { peer: kept } = await before.peers.register({ backend: "codex", pane_id: "%9" }, localCaller);
    const after = await bench(await createPaneMesh(before.store));
    expect(after.made()).toEqual(["api-claude-code"]);
    await after.linker.repair();
    expect([after.made(), after.peers.byId(kept.peer_id)?.retired_at]).toEqual([[], undefined]);
  });

  it("leaves a link that is under way", async () => {
    const self = await bench();
    const linked = self.link();
    await until(self, () => self.hooks.length === 1);
    await self.linker.repair();
    self.connect(self.hooks[0]?.peer_id ?? "", "%1");
    expect((await linked).linked).toBe(true);
  });
});
