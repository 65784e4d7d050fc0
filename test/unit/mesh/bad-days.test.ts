import { describe, expect, it } from "vitest";
import { createMemoryStore, localCaller } from "../../../lib/index.js";
import { createFaultyStore } from "../../../lib/testing/index.js";
import { fakeSocket } from "../../support/fake-socket.js";
import { openTestMesh } from "../../support/mesh.js";

const code = (name: string) => expect.objectContaining({ code: name });
const codex = { backend: "codex", path: "/srv/api" } as const;
/** A token-less caller over TCP whose process is a run's. */
const inRun = { ...localCaller, id: "owner", door: "tcp", prove: () => Promise.resolve(false) } as const;

async function onSmallDisk() {
  const store = createFaultyStore(createMemoryStore());
  const mesh = await openTestMesh({ store });
  /** The next commit finds no space; a second later there is some again. */
  const full = (): void => store.failCommits(1, "storage_full");
  const space = (): Promise<void> => mesh.host.clock.advance(1_000);
  return { ...mesh, store, full, space };
}

describe("A caller without a token, inside a run", () => {
  it("gets no role that reaches everybody, by call or by socket", async () => {
    const mesh = await openTestMesh();
    const wanted = { ...codex, name: "boss", role: "orchestrator" } as const;
    await expect(mesh.call("peers.register", wanted, { caller: inRun })).rejects.toEqual(code("caller_is_a_run"));
    const socket = fakeSocket(mesh, { caller: inRun });
    await socket.send({ type: "connect", v: 1, ...wanted });
    expect(socket.of("error")).toMatchObject([{ code: "caller_is_a_run" }]);
    expect(socket.closed).toBeDefined();
    expect((await mesh.call("peers.list", { role: "orchestrator" })).peers).toEqual([]);
    expect((await mesh.call("peers.register", { ...codex, name: "plain" }, { caller: inRun })).peer.role).toBe("agent");
  });

  it("does not take the place of another peer", async () => {
    const mesh = await openTestMesh();
    const { peer_id } = await mesh.peer("one", codex);
    await expect(mesh.call("peers.register", { ...codex, peer_id }, { caller: inRun })).rejects.toEqual(code("caller_is_a_run"));
  });

  it("crosses no circle", async () => {
    const mesh = await openTestMesh();
    await mesh.peer("far", { circle: "other" });
    const details = { caller: inRun };
    const to = { to_peer: "far", text: "x", bypass_circle: true };
    await expect(mesh.call("messages.notify", to, details)).rejects.toEqual(code("caller_is_a_run"));
    await expect(mesh.call("asks.ask", to, details)).rejects.toEqual(code("caller_is_a_run"));
    await expect(mesh.call("asks.askMany", { to_peers: ["far"], text: "x", bypass_circle: true }, details)).rejects.toEqual(
      code("caller_is_a_run"),
    );
    await expect(mesh.call("messages.broadcast", { text: "x", circle: "*" }, details)).rejects.toEqual(code("caller_is_a_run"));
    expect((await mesh.call("messages.list", {})).messages).toEqual([]);
  });
});

describe("A peer that claims what is another's", () => {
  it("does not get a built-in peer, not even an owner's call does", async () => {
    const { call, mesh } = await openTestMesh();
    const human = mesh.peers.find("human");
    await expect(call("peers.register", { ...codex, peer_id: human.peer_id })).rejects.toEqual(code("invalid_request"));
    expect(mesh.peers.find("human")).toEqual(human);
  });

  it("gets neither another's name, nor its circle or id, by a socket of its own token", async () => {
    const mesh = await openTestMesh();
    const victim = await mesh.peer("victim", { ...codex, circle: "ops" });
    const { caller, peer_id } = await mesh.peer("thief", codex);
    const socket = fakeSocket(mesh, { caller });
    await socket.send({ type: "connect", v: 1, ...codex, name: "victim", circle: "ops", role: "service" });
    expect(socket.of("error")).toMatchObject([{ code: "role_forbidden" }]);
    const next = fakeSocket(mesh, { caller });
    await next.send({ type: "connect", v: 1, ...codex, peer_id: victim.peer_id });
    expect(next.of("error")).toMatchObject([{ code: "identity_unproven" }]);
    const own = fakeSocket(mesh, { caller });
    await own.send({ type: "connect", v: 1, ...codex, name: "victim", circle: "ops", circle_source: "inherited" });
    expect(own.of("connected")).toMatchObject([{ peer_id, circle: "default" }]);
    expect(await mesh.call("peers.get", { id: victim.peer_id })).toMatchObject({
      display_name: "victim",
      circle: "ops",
      ws_connected: false,
    });
  });

  it("with a pid that was given out again is no proof for a retired peer", async () => {
    const probes = {
      // The number lives, its process began at another time.
      process: (pid: number, started: string) => Promise.resolve(pid === 42 && started === "2" ? ("ok" as const) : ("fail" as const)),
      pane: () => Promise.resolve({ evidence: "ok", look: { probe: "ok" } } as const),
      paneHolds: () => Promise.resolve("fail" as const),
    };
    const { call, peer } = await openTestMesh({ mesh: { probes } });
    const { peer_id } = await peer("one", { ...codex, agent_pid: 42, agent_started: "1" });
    await call("peers.remove", { id: peer_id });
    const again = { ...codex, peer_id, agent_pid: 42 };
    await expect(call("peers.register", { ...again, agent_started: "1" })).rejects.toEqual(code("peer_retired"));
  });
});

describe("A full disk", () => {
  it("refuses a registration, and nothing of it is left", async () => {
    const { call, full, space } = await onSmallDisk();
    full();
    await expect(call("peers.register", { ...codex, name: "late" })).rejects.toEqual(code("storage_full"));
    await expect(call("peers.get", { id: "late" })).rejects.toEqual(code("peer_not_found"));
    await expect(call("peers.register", { ...codex, name: "late" })).rejects.toEqual(code("storage_full"));
    await space();
    expect((await call("peers.register", { ...codex, name: "late" })).peer.display_name).toBe("late");
  });

  it("refuses an ask as a whole, its message and its question too", async () => {
    const { call, peer, full, space, mesh, manager } = await onSmallDisk();
    const { peer_id } = await peer("worker");
    full();
    const input = { to_peer: "worker", text: "x", question: { kind: "text" as const }, correlation_id: "job-0001" };
    await expect(call("asks.ask", input)).rejects.toEqual(code("storage_full"));
    expect(mesh.asks.openTo(peer_id)).toEqual([]);
    expect(mesh.mail.waiting(peer_id)).toEqual([]);
    expect(manager.desk.openCount).toBe(0);
    await space();
    expect((await call("asks.ask", input)).correlation_id).toBe("job-0001");
  });

  it("refuses a reply and an answer, and the ask is open as before with its question", async () => {
    const { call, peer, full, space } = await onSmallDisk();
    await peer("worker");
    const [plain, typed] = [
      await call("asks.ask", { to_peer: "worker", text: "x" }),
      await call("asks.ask", { to_peer: "worker", text: "y", question: { kind: "text" } }),
    ];
    full();
    await expect(call("messages.notify", { to_peer: "worker", text: "n" })).rejects.toEqual(code("storage_full"));
    const refusals = [
      call("asks.ack", { correlation_id: plain.correlation_id, message: "done" }),
      call("questions.answer", { correlation_id: typed.correlation_id, text: "yes" }),
      call("messages.claim", { peer_id: "worker" }),
    ];
    for (const refusal of refusals) await expect(refusal).rejects.toEqual(code("storage_full"));
    await space();
    expect(await call("asks.ack", { correlation_id: plain.correlation_id, message: "done" })).toMatchObject({
      close_reason: "ack_with_msg",
    });
    expect(await call("questions.answer", { correlation_id: typed.correlation_id, text: "yes" })).toMatchObject({ ok: true });
  });

  it("takes back no step that another was built on", async () => {
    const { call, peer, full, space, store, host, reopen } = await onSmallDisk();
    const { peer_id } = await peer("worker");
    store.holdCommits();
    full();
    // The ask would be refused alone; the end of its recipient is in the same commit, cannot be refused, and closes it.
    const asked = call("asks.ask", { to_peer: "worker", text: "x", correlation_id: "job-0001" });
    asked.catch(() => {});
    await host.clock.advance(0);
    const removed = call("peers.remove", { id: peer_id });
    removed.catch(() => {});
    await host.clock.advance(0);
    store.releaseCommits();
    await space();
    await Promise.allSettled([asked, removed]);
    expect(await call("asks.get", { id: "job-0001" })).toMatchObject({ state: "closed", close_reason: "evicted" });
    const again = await reopen();
    expect(await again.call("peers.get", { id: peer_id })).toMatchObject({ retire_reason: "unregistered" });
    expect(await again.call("asks.get", { id: "job-0001" })).toMatchObject({ state: "closed" });
  });
});

describe("What a call says", () => {
  it("of an ask that is being closed is said once that is stored", async () => {
    const store = createFaultyStore(createMemoryStore());
    const { call, peer, host } = await openTestMesh({ store });
    await peer("worker");
    const { correlation_id } = await call("asks.ask", { to_peer: "worker", text: "x" });
    store.holdCommits();
    const answers: string[] = [];
    for (const name of ["first", "second"]) void call("asks.ack", { correlation_id }).then(() => answers.push(name));
    await host.clock.advance(0);
    expect(answers).toEqual([]);
    store.releaseCommits();
    await host.clock.advance(0);
    expect(answers.toSorted()).toEqual(["first", "second"]);
  });

  it("of an ask given twice at once holds for both or for none", async () => {
    const store = createFaultyStore(createMemoryStore());
    const { call, peer } = await openTestMesh({ store });
    await peer("worker");
    store.failCommits(1, "storage_full");
    const input = { to_peer: "worker", text: "x", correlation_id: "job-0001" };
    const both = await Promise.allSettled([call("asks.ask", input), call("asks.ask", input)]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  it("to the askers of a peer whose name another takes is that their asks are over", async () => {
    const { call, peer } = await openTestMesh();
    const old = await peer("api", codex);
    const asker = await peer("asker");
    await call("asks.ask", { to_peer: "api", text: "x", if_unavailable: "queue" }, { caller: asker.caller });
    await call("peers.offline", { id: old.peer_id });
    await call("peers.register", { ...codex, name: "api" });
    const { messages } = await call("messages.claim", {}, { caller: asker.caller });
    expect(messages).toMatchObject([{ kind: "reply", close_reason: "evicted" }]);
  });
});

describe("Order", () => {
  it("holds when a newer socket takes over what the older one had", async () => {
    const mesh = await openTestMesh();
    const { peer_id } = await mesh.peer("worker");
    for (let i = 0; i < 9; i += 1) await mesh.call("messages.notify", { to_peer: "worker", text: `${i}` });
    const connect = { type: "connect", v: 1, backend: "service", name: "worker", peer_id, capabilities: ["delivery_receipts"] };
    await fakeSocket(mesh).send(connect);
    const newer = fakeSocket(mesh);
    await newer.send(connect);
    expect(newer.of("notify").map(({ text }) => text)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
  });
});
