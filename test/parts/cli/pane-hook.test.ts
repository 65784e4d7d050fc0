import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocketServer } from "ws";
import { holdPane, type PaneHookEnd } from "../../../adapters/cli/agent-hook/pane-hook.js";
import { connect } from "../../../adapters/client/index.js";
import { createHookFiles, systemReader } from "../../../lib/node/index.js";
import { createMemoryPanes } from "../../../lib/panes/memory-panes.js";
import { createManualClock } from "../../../lib/testing/manual-clock.js";
import { daemonHere, daemonPlace } from "../../support/daemon.js";

const patient = { timeout: 10_000, interval: 20 };

/** A hook in this process, over panes in memory, for an agent that is a real process; the daemon says that it is idle. */
async function open() {
  const place = daemonPlace();
  const { home } = await daemonHere(place);
  const client = await connect({ env: place.env });
  onTestFinished(() => client.close());
  const agent = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  onTestFinished(() => void agent.kill("SIGKILL"));
  const agent_pid = agent.pid as number;
  const agent_started = systemReader().read(agent_pid)?.startTicks ?? 0;
  const panes = createMemoryPanes();
  const process_ = { pid: agent_pid, ppid: 1, name: "agent", started: agent_started, foreground: true };
  const { pane_id } = panes.add({ pid: agent_pid, processes: [process_] });
  const { peer, peer_token = "" } = await client.peers.register({
    backend: "claude-code",
    name: "agent",
    session_id: "s-1",
    pane_id,
    agent_pid,
    agent_started: String(agent_started),
  });
  const { peer_id } = peer;
  const files = createHookFiles(home.peers);
  await files.write({ peer_id, display_name: "agent", backend: "claude-code", pane_id, agent_pid, agent_started, peer_token });
  const ended = holdPane({ pane_id, backend: "claude-code", env: place.env, panes, watchMs: 50 });
  let end: PaneHookEnd | undefined;
  void ended.then((why) => (end = why));
  onTestFinished(async () => {
    await files.remove(pane_id, peer_id);
    await ended;
  });
  await vi.waitFor(async () => expect(await client.peers.get({ id: peer_id })).toMatchObject({ ws_connected: true }), patient);
  const report = (turn_state: "idle" | "working" | "awaiting_input") =>
    client.session.update({ peer_id, status: turn_state === "working" ? "busy" : "online", turn_state });
  await report("idle");
  return { client, panes, pane_id, peer_id, agent, report, ended, end: () => end, written: () => files.read(pane_id) };
}

const text = "\u001b[200~[anode:note from @human to @agent]\nHello\u001b[201~";

describe("The hook of a pane", () => {
  it("types a message and Enter into an idle agent, which works from then on", async () => {
    const { client, panes, pane_id, peer_id } = await open();
    expect(await client.messages.notify({ to_peer: peer_id, text: "Hello" })).toMatchObject({ delivery_state: "delivered" });
    expect(panes.inputOf(pane_id)).toBe(`${text}\r`);
    expect(await client.peers.get({ id: peer_id })).toMatchObject({ status: "busy", turn_state: "working" });
  });

  it("types nothing when a dialog came up after the message had left", async () => {
    const { client, panes, pane_id, peer_id, report } = await open();
    panes.before = async (call) => {
      if (call === "tree") await report("awaiting_input");
    };
    const { delivery_id } = await client.messages.notify({ to_peer: peer_id, text: "Hello" });
    await vi.waitFor(
      async () => expect(await client.messages.get({ delivery_id })).toMatchObject({ delivery_state: "queued", reason: "not_idle" }),
      patient,
    );
    expect(panes.inputOf(pane_id)).toBe("");
    panes.before = undefined;
    await report("idle");
    await vi.waitFor(() => expect(panes.inputOf(pane_id)).toBe(`${text}\r`), patient);
  });

  it("does not press Enter when a dialog came up after the text, and never claims that it got there", async () => {
    const { client, panes, pane_id, peer_id, report } = await open();
    panes.before = async (call) => {
      if (call === "paste") await report("awaiting_input");
    };
    const { delivery_id } = await client.messages.notify({ to_peer: peer_id, text: "Hello" });
    await vi.waitFor(
      async () =>
        expect(await client.messages.get({ delivery_id })).toMatchObject({ delivery_state: "queued", reason: "injection_failed" }),
      patient,
    );
    expect(panes.inputOf(pane_id)).toBe(text);
    const { stages } = await client.traces.get({ trace_id: delivery_id });
    expect(stages.map(({ stage }) => stage)).not.toContain("pane_injected");
  });

  it("types no second message that was there before Enter, though a note of the composer's, late, calls the agent idle again", async () => {
    const { client, panes, pane_id, peer_id, report } = await open();
    const waits: string[] = [];
    let hasEntered = false;
    panes.before = async (call) => {
      // The first late note: the daemon sends the second message, which waits behind the first.
      if (call === "paste" && !hasEntered) await client.session.update({ peer_id, turn_state: "idle" });
      if (call === "submit") hasEntered = true;
      if (call !== "tree" || !hasEntered || waits.length > 0) return;
      // The second, when the agent has begun: what is reported last is idle.
      waits.push(call);
      await vi.waitFor(async () => expect(await client.peers.get({ id: peer_id })).toMatchObject({ turn_state: "working" }), patient);
      await client.session.update({ peer_id, turn_state: "idle" });
    };
    const sent = await Promise.all(["Hello", "Hello"].map((hello) => client.messages.notify({ to_peer: peer_id, text: hello })));
    // The hook had the second, and gave it back.
    await vi.waitFor(async () => {
      const messages = await Promise.all(sent.map(({ delivery_id }) => client.messages.get({ delivery_id })));
      const waiting = messages.find(({ delivery_state }) => delivery_state === "queued");
      expect(waiting).toMatchObject({ reason: "not_idle" });
      const { stages } = await client.traces.get({ trace_id: waiting?.delivery_id ?? "" });
      expect(stages.map(({ stage }) => stage)).toContain("hook_received");
    }, patient);
    expect(panes.inputOf(pane_id)).toBe(`${text}\r`);
    await report("working");
  });

  it("reports an agent that is gone only when its pane agrees", async () => {
    const { client, panes, pane_id, peer_id, agent, ended, end } = await open();
    agent.kill("SIGKILL");
    await once(agent, "exit");
    panes.breakDown("nobody answers");
    let looks = 0;
    panes.before = (call) => void (call === "get" && (looks += 1));
    await vi.waitFor(() => expect(looks).toBeGreaterThan(2), patient);
    expect(end()).toBeUndefined();
    expect(await client.peers.get({ id: peer_id })).not.toHaveProperty("retired_at");
    panes.breakDown(undefined);
    panes.remove(pane_id);
    expect(await ended).toBe("agent_exited");
    expect(await client.peers.get({ id: peer_id })).toMatchObject({ retire_reason: "agent_exited" });
  });

  it("ends when its peer is retired, and takes away what was written down", async () => {
    const { client, peer_id, ended, written } = await open();
    await client.peers.remove({ id: peer_id });
    expect(await ended).toBe("retired");
    expect(await written()).toEqual({ probe: "fail" });
  });
});

const hour = 3_600_000;

/** A hook of a pane whose daemon is whatever is at the address, or what the home tells of. */
async function alone(address: string | undefined, options: Partial<Parameters<typeof holdPane>[0]> = {}, place = daemonPlace()) {
  const { env, home } = place;
  const panes = createMemoryPanes();
  const { pane_id } = panes.add();
  const files = createHookFiles(home.peers);
  await files.write({ peer_id: "peer-0123456789abcdef", display_name: "agent", backend: "claude-code", pane_id, peer_token: "its-own" });
  const ended = holdPane({
    pane_id,
    backend: "claude-code",
    env: { ...env, ...(address !== undefined && { ANODE_DAEMON: address }) },
    panes,
    ...options,
  });
  let end: PaneHookEnd | undefined;
  void ended.then((why) => (end = why));
  onTestFinished(async () => {
    await files.remove(pane_id, "peer-0123456789abcdef");
    await ended;
  });
  return { ended, end: () => end, written: async () => (await files.read(pane_id)).probe };
}

/** Something that takes the sockets of peers, and closes each once it has connected; answers its address. */
async function closing(...codes: number[]): Promise<{ readonly address: string; readonly connects: string[] }> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => "anode.mesh.v1" });
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  const connects: string[] = [];
  server.on("connection", (socket) => {
    socket.once("message", (data) => {
      connects.push(String(data));
      const connected = { type: "connected", peer_id: "peer-0123456789abcdef", display_name: "agent", circle: "default", queued: 0 };
      socket.send(JSON.stringify({ ...connected, heartbeat_ms: 30_000 }));
      socket.close(codes[connects.length - 1] ?? 1001, "as told");
    });
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, connects };
}

describe("The hook of a pane ends", () => {
  it("after a day without a daemon, and not before; what is written down stays", async () => {
    const clock = createManualClock();
    // Nobody listens there.
    const { ended, end, written } = await alone("127.0.0.1:9", { clock, watchMs: hour / 2 });
    for (let passed = 0; passed < 48; passed += 1) {
      await vi.waitFor(() => expect(clock.pending).toBe(1), patient);
      expect(end()).toBeUndefined();
      await clock.advance(hour / 2);
    }
    await vi.waitFor(() => expect(clock.pending).toBe(1), patient);
    expect(end()).toBeUndefined();
    await clock.advance(hour / 2);
    expect(await ended).toBe("no_daemon");
    expect(await written()).toBe("ok");
  });

  it.each([
    [4004, "retired", "fail"],
    [4005, "replaced", "ok"],
    [4009, "retired", "fail"],
  ] as const)("when its socket is closed with %i", async (code, why, probe) => {
    const { address, connects } = await closing(code);
    const { ended, written } = await alone(address);
    expect(await ended).toBe(why);
    expect(await written()).toBe(probe);
    expect(connects).toHaveLength(1);
  });

  it("not when the daemon only goes away", async () => {
    const { address, connects } = await closing(1001, 1001, 4005);
    const { ended } = await alone(address);
    expect(await ended).toBe("replaced");
    expect(connects).toHaveLength(3);
  });
});

describe("The hook of a pane goes on", () => {
  it("where the next life of the daemon is to be found", async () => {
    const place = daemonPlace();
    const [first, second] = [await closing(1001), await closing()];
    mkdirSync(place.env["ANODE_HOME"] ?? "", { recursive: true, mode: 0o700 });
    const tell = (url: string): void => {
      const { startTicks } = systemReader().read(process.pid) ?? {};
      const boot_id = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
      const file = { schema: 1, instance: "i", pid: process.pid, start_ticks: startTicks, boot_id, version: "0", url: `http://${url}` };
      writeFileSync(
        join(place.env["ANODE_HOME"] ?? "", "daemon.json"),
        JSON.stringify({ ...file, started_at: "2026-11-26T00:00:00.000Z" }),
        { mode: 0o600 },
      );
    };
    tell(first.address);
    const { end } = await alone(undefined, { watchMs: 50 }, place);
    await vi.waitFor(() => expect(first.connects).toHaveLength(1), patient);
    tell(second.address);
    await vi.waitFor(() => expect(second.connects.length).toBeGreaterThan(0), patient);
    expect(JSON.parse(second.connects[0] ?? "")).toMatchObject({ peer_id: "peer-0123456789abcdef" });
    expect(end()).toBeUndefined();
  });
});
