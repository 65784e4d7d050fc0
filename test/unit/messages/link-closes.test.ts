import { describe, expect, it } from "vitest";
import { AnodeError, type Caller, localCaller } from "../../../lib/index.js";
import { fakeSocket } from "../../support/fake-socket.js";
import { openTestMesh } from "../../support/mesh.js";

const service = { type: "connect", v: 1, backend: "service", name: "worker", capabilities: ["delivery_receipts"] };
const weak: Caller = { id: "token:t-1", door: "tcp", scopes: ["read", "control"] };

describe("The first frame of a socket", () => {
  it("registers the peer and tells it its name, which may be another than it asked for", async () => {
    const mesh = await openTestMesh();
    const [first, second] = [fakeSocket(mesh), fakeSocket(mesh)];
    await first.send(service);
    await second.send(service);
    expect(first.frames[0]).toEqual({
      type: "connected",
      peer_id: expect.stringMatching(/^peer-[0-9a-f]{16}$/),
      display_name: "worker",
      circle: "default",
      queued: 0,
      heartbeat_ms: 30_000,
    });
    expect(second.frames[0]).toMatchObject({ type: "connected", display_name: "worker-2" });
    const { peers } = await mesh.call("peers.list", { backend: "service" });
    expect(peers.find(({ display_name }) => display_name === "worker")).toMatchObject({ ws_connected: true, status: "online" });
  });

  it.each([
    ["another frame", { type: "status", status: "busy" }],
    ["no type", { v: 1 }],
  ])("closes 4000 for %s", async (_name, frame) => {
    const socket = fakeSocket(await openTestMesh());
    await socket.send(frame);
    expect(socket.closed?.code).toBe(4000);
  });

  it("closes 4000 for what is no frame, and when none comes within five seconds", async () => {
    const mesh = await openTestMesh();
    const [garbled, silent] = [fakeSocket(mesh), fakeSocket(mesh)];
    garbled.garble();
    expect(garbled.closed?.code).toBe(4000);
    await mesh.host.clock.advance(4_999);
    expect(silent.closed).toBeUndefined();
    await mesh.host.clock.advance(1);
    expect(silent.closed?.code).toBe(4000);
    expect(mesh.mesh.links.size).toBe(0);
  });

  it.each([
    [4002, { name: "peer-1" }, "invalid_request"],
    [4002, { circle: "a b" }, "invalid_request"],
    [4002, { backend: "telnet" }, "invalid_request"],
    [4002, { pane_id: "7" }, "invalid_request"],
    [4002, { role: "orchestrator" }, "role_forbidden"],
    [4002, { backend: "run", run_id: "R-1" }, "run_takes_no_input"],
    [4002, { v: 2 }, "invalid_request"],
    [4002, { unknown: 1 }, "invalid_request"],
    [4003, { path: "/" }, "invalid_request"],
    [4004, { peer_id: "peer-0000000000000000" }, "peer_not_found"],
  ])("closes %i for %j and says why", async (code, wrong, error) => {
    const socket = fakeSocket(await openTestMesh(), { caller: weak });
    await socket.send({ ...service, ...wrong });
    expect(socket.closed?.code).toBe(code);
    expect(socket.of("error")).toMatchObject([{ code: error }]);
    expect(socket.of("connected")).toEqual([]);
  });

  it("closes 4004 for a retired peer and 4001 for another's id", async () => {
    const mesh = await openTestMesh();
    const gone = await mesh.peer("gone");
    const other = await mesh.peer("other");
    const mine = await mesh.peer("mine");
    await mesh.call("peers.remove", { id: gone.peer_id });
    const connect = async (peer_id: string, caller?: Caller) => {
      const socket = fakeSocket(mesh, caller ? { caller } : {});
      await socket.send({ ...service, peer_id });
      return socket;
    };
    expect((await connect(gone.peer_id)).closed?.code).toBe(4004);
    const taken = await connect(other.peer_id, mine.caller);
    expect(taken.closed?.code).toBe(4001);
    expect(taken.of("error")).toMatchObject([{ code: "identity_unproven" }]);
    expect((await connect(mine.peer_id, mine.caller)).of("connected")).toMatchObject([{ peer_id: mine.peer_id }]);
  });

  it("takes the peer of a token without being told its id", async () => {
    const mesh = await openTestMesh();
    const { peer_id, caller } = await mesh.peer("mine");
    const socket = fakeSocket(mesh, { caller });
    await socket.send({ ...service, name: "mine" });
    expect(socket.of("connected")).toMatchObject([{ peer_id }]);
  });

  it("closes 1013 when there is no room for a further peer", async () => {
    const mesh = await openTestMesh({ manager: { limits: { peers: 4 } } });
    await mesh.peer("last");
    const socket = fakeSocket(mesh);
    await socket.send(service);
    expect(socket.closed?.code).toBe(1013);
    expect(socket.of("error")).toMatchObject([{ code: "too_many_peers" }]);
  });

  it("brings the credential where that is allowed, and nothing is done before it held", async () => {
    const mesh = await openTestMesh();
    const prove = async (token: string): Promise<Caller> => {
      if (token === "right") return localCaller;
      throw new AnodeError("auth_invalid", "This token is unknown.");
    };
    const open = async (auth_token: string | undefined, isAllowed: boolean) => {
      const socket = fakeSocket(mesh, { caller: null, ...(isAllowed && { prove }) });
      await socket.send({ ...service, ...(auth_token !== undefined && { auth_token }) });
      return socket;
    };
    for (const socket of [await open(undefined, true), await open("wrong", true), await open("right", false)]) {
      expect(socket.closed?.code).toBe(4001);
    }
    expect((await mesh.call("peers.list", { backend: "service" })).peers.map(({ display_name }) => display_name)).toEqual([
      "schedules",
      "jobs",
    ]);
    expect((await open("right", true)).of("connected")).toHaveLength(1);
  });

  it("holds what follows until the peer is registered", async () => {
    const mesh = await openTestMesh();
    const socket = fakeSocket(mesh);
    const done = socket.send(service);
    expect(socket.isRead).toBe(false);
    await Promise.all([done, socket.send({ type: "status", status: "busy", turn_state: "working" })]);
    await mesh.host.clock.advance(0);
    expect(socket.isRead).toBe(true);
    const { peers } = await mesh.call("peers.list", { status: "busy" });
    expect(peers).toMatchObject([{ display_name: "worker", turn_state: "working" }]);
  });
});

describe("A socket that stands", () => {
  const connected = async () => {
    const mesh = await openTestMesh();
    const socket = fakeSocket(mesh);
    await socket.send(service);
    return { mesh, socket, peer_id: String(socket.frames[0]?.["peer_id"]) };
  };

  it("is closed 4004 when its peer retires, 4009 when its link is undone", async () => {
    const { mesh, socket, peer_id } = await connected();
    await mesh.call("peers.remove", { id: peer_id });
    expect(socket.closed?.code).toBe(4004);
    const linked = fakeSocket(mesh);
    await linked.send({ ...service, name: "linked" });
    await mesh.mesh.peers.retire(String(linked.frames[0]?.["peer_id"]), "link_rolled_back");
    expect(linked.closed?.code).toBe(4009);
  });

  it("gives way to a newer one of the same peer with 4005, and its end takes nothing away from that", async () => {
    const { mesh, socket, peer_id } = await connected();
    const newer = fakeSocket(mesh);
    await newer.send({ ...service, peer_id });
    expect(socket.closed?.code).toBe(4005);
    socket.leave();
    void mesh.call("messages.notify", { to_peer: peer_id, text: "hi" });
    await mesh.host.clock.advance(0);
    expect(newer.of("notify")).toMatchObject([{ text: "hi" }]);
    newer.leave();
    expect((await mesh.call("peers.get", { id: peer_id })).ws_connected).toBe(false);
    expect((await mesh.call("peers.get", { id: peer_id })).status).toBe("online");
  });

  it("bears ten malformed frames and is closed 4006 at the eleventh", async () => {
    const { socket } = await connected();
    for (let i = 0; i < 5; i += 1) socket.garble();
    for (let i = 0; i < 5; i += 1) await socket.send({ type: "pong", nonce: 7 });
    expect(socket.closed).toBeUndefined();
    expect(socket.of("error").map(({ code }) => code)).toEqual([...Array(5).fill("invalid_json"), ...Array(5).fill("invalid_request")]);
    await socket.send({ type: 1 });
    expect(socket.closed?.code).toBe(4006);
  });

  it("answers an unknown type with an error, as often as it comes", async () => {
    const { socket } = await connected();
    for (let i = 0; i < 20; i += 1) await socket.send({ type: "dance", partner: "x" });
    expect(socket.closed).toBeUndefined();
    expect(socket.of("error")).toHaveLength(20);
    expect(socket.of("error")[0]).toMatchObject({ code: "not_supported", detail: 'There is no frame of the type "dance".' });
  });

  it("is closed 4008 when more than one MiB is unsent, and not at one MiB", async () => {
    const { mesh, socket, peer_id } = await connected();
    socket.unsentBytes = 1024 * 1024;
    void mesh.call("messages.notify", { to_peer: peer_id, text: "hi" });
    await mesh.host.clock.advance(0);
    expect(socket.closed).toBeUndefined();
    socket.unsentBytes += 1;
    void mesh.call("messages.notify", { to_peer: peer_id, text: "hi" });
    await mesh.host.clock.advance(0);
    expect(socket.closed?.code).toBe(4008);
    expect((await mesh.call("deliveries.pending", { peer_id })).total).toBe(2);
  });

  it("is pinged each thirty seconds and closed 1008 after ninety of silence; a pong keeps it", async () => {
    const { mesh, socket } = await connected();
    await mesh.host.clock.advance(60_000);
    expect(socket.of("ping")).toHaveLength(2);
    await socket.send({ type: "pong", nonce: socket.of("ping")[1]?.["nonce"] });
    await mesh.host.clock.advance(89_999);
    expect(socket.closed).toBeUndefined();
    await mesh.host.clock.advance(1);
    expect(socket.closed?.code).toBe(1008);
  });

  it("counts the answers that miss the pane", async () => {
    const { mesh, socket, peer_id } = await connected();
    const states = [];
    for (const pane_alive of [false, false, undefined, true]) {
      await mesh.host.clock.advance(30_000);
      await socket.send({ type: "pong", nonce: socket.of("ping").at(-1)?.["nonce"], ...(pane_alive !== undefined && { pane_alive }) });
      states.push(mesh.mesh.links.stateOf(peer_id)?.pongsWithoutPane);
    }
    expect(states).toEqual([1, 2, 2, undefined]);
  });

  it("answers a ping that is asked for, or does not", async () => {
    const { mesh, socket, peer_id } = await connected();
    const ping = mesh.mesh.links.ping(peer_id, 2_000);
    await socket.send({ type: "pong", nonce: socket.of("ping").at(-1)?.["nonce"] });
    expect(await ping).toBe("ok");
    const unanswered = mesh.mesh.links.ping(peer_id, 2_000);
    await mesh.host.clock.advance(2_000);
    expect(await unanswered).toBe("fail");
    expect(await mesh.mesh.links.ping("peer-none", 2_000)).toBe("unavailable");
  });

  it("is closed 1001 when the daemon goes away, and leaves no timer", async () => {
    const { mesh, socket } = await connected();
    const silent = fakeSocket(mesh);
    mesh.mesh.close();
    expect([socket.closed?.code, silent.closed?.code]).toEqual([1001, 1001]);
    await mesh.host.clock.advance(120_000);
    expect(socket.of("ping")).toEqual([]);
  });

  it("reads no further while sixty-four frames are being worked on", async () => {
    const { socket } = await connected();
    const sent = Array.from({ length: 64 }, () => socket.send({ type: "update", description: "busy" }));
    expect(socket.isRead).toBe(false);
    await Promise.all(sent);
    expect(socket.isRead).toBe(true);
    expect(socket.of("result")).toHaveLength(64);
  });
});
