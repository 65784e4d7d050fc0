import { describe, expect, it } from "vitest";
import { noLook, type PeerProbes } from "../../../lib/peers/evidence.js";
import { fakeSocket } from "../../support/fake-socket.js";
import { openTestMesh, type TestMesh } from "../../support/mesh.js";

const inPane = (more: object = {}) => ({ backend: "codex", path: "/srv/api", pane_id: "%7", session_id: "s-1", ...more }) as const;
const minute = 60_000;

const stateOf = ({ mesh }: TestMesh, peer_id: string) => {
  const { status, status_reason = "", retire_reason = "" } = mesh.peers.byId(peer_id) ?? {};
  return `${status} ${status_reason}${retire_reason}`.trim();
};
const register = async ({ call }: TestMesh, more: object = {}) => (await call("peers.register", inPane(more))).peer.peer_id;

describe("A peer with a pane and a session", () => {
  it("begins offline and is online when its socket stands, or it calls by itself", async () => {
    const test = await openTestMesh();
    const linked = await register(test);
    expect(stateOf(test, linked)).toBe("offline awaiting_link");
    const socket = fakeSocket(test);
    await socket.send({ type: "connect", v: 1, backend: "codex", peer_id: linked, pane_id: "%7" });
    expect(stateOf(test, linked)).toBe("online");
    expect((await test.feed()).map(({ type, payload }) => [type, payload["status"] ?? payload["to"]])).toEqual([
      ["peer.registered", "offline"],
      ["peer.registered", "online"],
      ["peer.status", "online"],
    ]);

    const calls = await register(test, { pane_id: "%8", session_id: "s-2" });
    await test.call("peers.whoami", {}, { caller: { id: "token", door: "tcp", scopes: ["read"], peer_id: calls } });
    expect(stateOf(test, calls)).toBe("online");
  });

  it("is not brought in by anybody's word; one that is away comes back by its owner's, and by no other peer's", async () => {
    const test = await openTestMesh();
    const { call, host, peer } = test;
    const linked = await register(test);
    await call("peers.touch", { id: linked });
    expect(stateOf(test, linked)).toBe("offline awaiting_link");

    const { peer_id } = await peer("docs");
    const { caller } = await peer("other");
    await call("peers.offline", { id: peer_id });
    host.clock.jump(minute);
    const { last_seen } = await call("peers.touch", { id: peer_id }, { caller });
    expect(Date.parse(last_seen)).toBe(host.clock.now());
    expect(stateOf(test, peer_id)).toBe("offline requested");
    await call("peers.touch", { id: peer_id });
    expect(stateOf(test, peer_id)).toBe("online");
  });

  it("that comes by its socket is online at once, and so is one with only one of the two", async () => {
    const test = await openTestMesh();
    const socket = fakeSocket(test);
    await socket.send({ type: "connect", v: 1, ...inPane() });
    expect(stateOf(test, socket.frames[0]?.["peer_id"] as string)).toBe("online");
    for (const only of [
      { backend: "codex", pane_id: "%8" },
      { backend: "codex", session_id: "s-2" },
    ] as const) {
      expect((await test.call("peers.register", only)).peer.status).toBe("online");
    }
  });

  it("keeps its name and its pane from others that start at the same time", async () => {
    const test = await openTestMesh();
    const first = await register(test, { name: "api" });
    const second = await test.call("peers.register", inPane({ name: "api", session_id: "s-2", pane_id: "%8" }));
    expect(second.peer.display_name).toBe("api-2");
    const third = await test.call("peers.register", inPane({ session_id: "s-3" }));
    expect(third.pane_assigned).toBe(false);
    expect(stateOf(test, first)).toBe("offline awaiting_link");
    expect(test.mesh.peers.byId(first)).toMatchObject({ display_name: "api", pane_id: "%7" });
  });

  it("is still to come: what is for it waits", async () => {
    const test = await openTestMesh();
    const peer_id = await register(test, { name: "api" });
    expect((await test.call("messages.broadcast", { text: "x" })).queued).toEqual([peer_id]);
    expect((await test.reply("asks.ask", { to_peer: "api", text: "x" })).status).toBe(202);
    await test.call("peers.offline", { id: peer_id });
    expect((await test.call("messages.broadcast", { text: "x" })).queued).toEqual([]);
    await expect(test.call("asks.ask", { to_peer: "api", text: "x" })).rejects.toMatchObject({ code: "no_live_transport" });
  });

  it("waits as long as its agent runs, and is reaped when nothing stands for it", async () => {
    const probes: PeerProbes = {
      process: async (pid) => (pid === 10 ? "ok" : "unavailable"),
      pane: async () => noLook,
      paneHolds: async () => "unavailable",
    };
    const test = await openTestMesh({ mesh: { probes } });
    const runs = await register(test, { agent_pid: 10, agent_started: "1" });
    const silent = await register(test, { pane_id: "%8", session_id: "s-2" });
    await test.host.clock.advance(9 * minute);
    expect([stateOf(test, runs), stateOf(test, silent)]).toEqual(["offline awaiting_link", "offline awaiting_link"]);
    await test.host.clock.advance(12 * minute);
    await test.settle();
    expect([stateOf(test, runs), stateOf(test, silent)]).toEqual(["offline awaiting_link", "offline reaped"]);
  });

  it("is away after a restart like the others", async () => {
    const before = await openTestMesh();
    const peer_id = await register(before, { name: "api" });
    const after = await before.reopen();
    expect(stateOf(after, peer_id)).toBe("offline restart");
    expect((await after.call("peers.register", inPane({ name: "api", session_id: "s-2", pane_id: "%8" }))).peer.display_name).toBe("api");
    expect(stateOf(after, peer_id)).toBe("offline superseded");
  });
});
