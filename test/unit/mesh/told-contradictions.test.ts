import { describe, expect, it } from "vitest";
import type { HookFiles } from "../../../lib/index.js";
import { createMemoryPanes } from "../../../lib/panes/memory-panes.js";
import type { HookFile } from "../../../lib/panes/schema.js";
import { fakeSocket } from "../../support/fake-socket.js";
import { openTestMesh } from "../../support/mesh.js";

const minute = 60_000;
const inside = [{ pid: 11, ppid: 1, name: "codex", started: 110, foreground: true }];

/** A mesh whose panes and processes are the test's, with a doctor that looks on, and an agent with a socket in pane %1. */
async function watched() {
  const panes = createMemoryPanes();
  const alive = new Set([11]);
  const unseen = new Set<number>();
  const looks: string[] = [];
  const written = new Map<string, HookFile>();
  const isAlive = ({ pid }: { readonly pid: number }) => {
    looks.push(`process ${pid}`);
    if (unseen.has(pid)) return "unavailable";
    return alive.has(pid) ? "ok" : "fail";
  };
  panes.add({ processes: inside });
  // All panes are listed every few seconds, to follow their sessions.
  panes.before = (call, pane) => void (call !== "list" && looks.push(`${call} ${pane}`));
  const files: HookFiles = {
    async read(pane_id) {
      const found = written.get(pane_id);
      return found ? { probe: "ok", found } : { probe: "fail" };
    },
    write: async () => {},
    remove: async () => {},
  };
  const startHook = () => Promise.reject(new Error("no program"));
  const test = await openTestMesh({ mesh: { panes: { backend: panes, isAlive, files, startHook } } });
  const agent = { backend: "codex", pane_id: "%1", agent_pid: 11, agent_started: "110" } as const;
  const socket = fakeSocket(test);
  await socket.send({ type: "connect", v: 1, ...agent, name: "api" });
  const peer_id = socket.frames[0]?.["peer_id"] as string;
  const told = async () => {
    const events = (await test.feed()).filter(({ type }) => type === "peer.contradiction");
    return events.map(({ payload }) => payload);
  };
  /** The next repair pass, and what was told up to then. */
  const pass = async (): Promise<unknown[]> => {
    for (let half = 0; half < 2; half += 1) {
      await test.host.clock.advance(minute / 2);
      // A socket that answers stays.
      if (!socket.closed) await socket.send({ type: "pong", nonce: socket.of("ping").at(-1)?.["nonce"] });
    }
    return (await told()).map(({ code }) => code);
  };
  return { ...test, panes, alive, unseen, looks, written, socket, agent, peer_id, told, pass };
}

describe("A contradiction", () => {
  it("is told once when it appears, and again when it was gone in between", async () => {
    const { pass, panes, told, peer_id } = await watched();
    expect(await pass()).toEqual([]);
    panes.change("%1", { processes: [] });
    expect(await pass()).toEqual(["PANE_NOT_AGENT"]);
    expect(await told()).toEqual([
      { peer_id, code: "PANE_NOT_AGENT", severity: "error", remedy: "link", detail: expect.stringContaining("%1") },
    ]);
    expect(await pass()).toEqual(["PANE_NOT_AGENT"]);
    panes.change("%1", { processes: inside });
    expect(await pass()).toEqual(["PANE_NOT_AGENT"]);
    panes.change("%1", { processes: [] });
    expect(await pass()).toEqual(["PANE_NOT_AGENT", "PANE_NOT_AGENT"]);
  });

  it("is told by its code: others of the same peer come beside it, in the order in which they appear", async () => {
    const { pass, socket, written, agent, peer_id } = await watched();
    socket.leave();
    expect(await pass()).toEqual(["ONLINE_BUT_NO_WS"]);
    written.set("%1", { peer_id: "peer-other", display_name: "other", backend: agent.backend, pane_id: "%1" });
    expect(await pass()).toEqual(["ONLINE_BUT_NO_WS", "HOOK_PEERID_MISMATCH"]);
    written.set("%1", { peer_id, display_name: "api", backend: agent.backend, pane_id: "%1" });
    expect(await pass()).toEqual(["ONLINE_BUT_NO_WS", "HOOK_PEERID_MISMATCH"]);
  });

  it("is not told again after a restart, nor before somebody has seen that it was gone", async () => {
    const { pass, panes, unseen, socket, reopen } = await watched();
    socket.leave();
    panes.change("%1", { processes: [] });
    expect(await pass()).toEqual(["ONLINE_BUT_NO_WS", "PANE_NOT_AGENT"]);
    panes.breakDown("no server");
    unseen.add(11);
    const next = await reopen();
    const told = async () => (await next.feed()).filter(({ type }) => type === "peer.contradiction").map(({ payload }) => payload["code"]);
    await next.host.clock.advance(2 * minute);
    expect(await told()).toEqual(["ONLINE_BUT_NO_WS", "PANE_NOT_AGENT"]);
    panes.breakDown();
    unseen.delete(11);
    panes.change("%1", { processes: inside });
    await next.host.clock.advance(2 * minute);
    panes.change("%1", { processes: [] });
    await next.host.clock.advance(2 * minute);
    expect(await told()).toEqual(["ONLINE_BUT_NO_WS", "PANE_NOT_AGENT", "PANE_NOT_AGENT"]);
  });

  it("that was told is nothing that a peer shows of itself", async () => {
    const { pass, panes, call, peer_id } = await watched();
    panes.change("%1", { processes: [] });
    expect(await pass()).toEqual(["PANE_NOT_AGENT"]);
    expect(Object.keys(await call("peers.get", { id: peer_id }))).not.toContain("told");
  });

  it("that nobody can see any more is not gone", async () => {
    const { pass, panes } = await watched();
    panes.change("%1", { processes: [] });
    expect(await pass()).toEqual(["PANE_NOT_AGENT"]);
    panes.breakDown("no server");
    expect(await pass()).toEqual(["PANE_NOT_AGENT"]);
    panes.breakDown();
    expect(await pass()).toEqual(["PANE_NOT_AGENT"]);
  });

  it("of an old ask is told of a service too, and of a peer of another host nothing is", async () => {
    const { pass, peer, call, host } = await watched();
    const { peer_id } = await peer("docs");
    const far = await peer("far", { machine: "elsewhere" });
    for (const to_peer of ["docs", "far"]) await call("asks.ask", { to_peer, text: "?" });
    host.clock.jump(31 * minute);
    for (const id of [peer_id, far.peer_id]) await call("peers.touch", { id });
    expect(await pass()).toEqual(["STALE_PENDING_ASK", "QUEUE_NOT_DRAINED"]);
  });

  it("costs no second look at pane or process", async () => {
    const { pass, looks } = await watched();
    await pass();
    looks.length = 0;
    await pass();
    expect(looks.sort()).toEqual(["get %1", "process 11", "tree %1"]);
  });

  it("is told of a peer whose agent runs and whose socket has never come, once its time is over", async () => {
    const { call, panes, host, mesh, told, alive } = await watched();
    panes.add({ processes: [{ pid: 12, ppid: 1, name: "codex", started: 120, foreground: true }] });
    alive.add(12);
    const waits = { backend: "codex", pane_id: "%2", session_id: "s-2", agent_pid: 12, agent_started: "120" } as const;
    const { peer_id } = (await call("peers.register", waits)).peer;
    const ofIt = async () => (await told()).filter((one) => one["peer_id"] === peer_id);
    await host.clock.advance(9 * minute);
    expect(await ofIt()).toEqual([]);
    await host.clock.advance(5 * minute);
    expect(await ofIt()).toMatchObject([{ peer_id, code: "ONLINE_BUT_NO_WS", remedy: "rehook" }]);
    expect(mesh.peers.byId(peer_id)).toMatchObject({ status: "offline", status_reason: "awaiting_link" });
  });

  it("is nothing of a peer that is retired", async () => {
    const { pass, panes, alive, mesh, peer_id } = await watched();
    alive.delete(11);
    panes.remove("%1");
    expect(await pass()).toEqual([]);
    expect(mesh.peers.byId(peer_id)?.retire_reason).toBe("agent_exited");
  });
});
