import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { isAlive } from "../../lib/node/index.js";
import { openStandInBench, patient, type StandIn, type StandInBench } from "../support/stand-in.js";
import { hasTmux } from "../support/tmux.js";
import { verifiesWith } from "./verifies.js";

const events = ["session", "prompt", "stop", "notification", "session-end"] as const;
const told = { hook_event_name: "Stop", session_id: "s-1", cwd: "/repo", prompt: "Hello", prompt_id: "p-1" };

const fileOf = (bench: StandInBench, { pane }: StandIn): string => join(bench.home, "peers", `pane-${pane.slice(1)}.json`);
const read = (path: string) =>
  JSON.parse(readFileSync(path, "utf8")) as Record<"hook_pid" | "hook_started", number> & Record<"peer_id" | "peer_token", string>;

const linked = (bench: StandInBench, { pane }: StandIn) =>
  vi.waitFor(async () => {
    const peer = await bench.client.peers.byPane({ pane_id: pane });
    expect(peer).toMatchObject({ ws_connected: true });
    return peer;
  }, patient);

const becomes = (bench: StandInBench, id: string, turn_state: string | undefined) =>
  vi.waitFor(async () => expect((await bench.client.peers.get({ id })).turn_state).toBe(turn_state), patient);

const notify = (bench: StandInBench, to_peer: string, text: string) => bench.client.messages.notify({ to_peer, text });

describe("hooks without a daemon", () => {
  it.each(events)("%s ends with 0 and says nothing", async (event) => {
    const bench = await openStandInBench();
    expect(await bench.hook(event, told)).toEqual({ code: 0, out: "", err: "" });
  });

  it("gemini is given the decision that it wants", async () => {
    const bench = await openStandInBench();
    expect(await bench.hook("stop", told, "gemini")).toEqual({ code: 0, out: '{"decision":"allow"}\n', err: "" });
  });
});

describe("hooks are told nonsense", () => {
  it.each<[string, string, string]>([
    ["no JSON", "{", "must be JSON"],
    ["a list", "[]", "one JSON object"],
    ["nothing", "", "must be JSON"],
    ["null", "null", "one JSON object"],
  ])("%s: they say so and end with 0", async (_, input, why) => {
    const bench = await openStandInBench();
    for (const event of events) {
      expect(await bench.hook(event, input)).toMatchObject({ code: 0, out: "", err: expect.stringContaining(why) });
    }
  });

  it("wrong types and ten megabytes: what can be used is used", async () => {
    const bench = await openStandInBench();
    await bench.startDaemon();
    const wrong = { session_id: 7, cwd: ["/"], prompt: { a: 1 }, stop_hook_active: "true", transcript_path: 1, model: null, reason: 0 };
    for (const event of events) expect(await bench.hook(event, wrong)).toMatchObject({ code: 0, err: "" });
    const large = {
      ...told,
      session_id: "large",
      prompt: `First line\n${"x".repeat(10 * 1024 * 1024)}`,
      last_assistant_message: "y".repeat(200_000),
    };
    for (const event of ["session", "prompt", "stop"]) expect(await bench.hook(event, large)).toMatchObject({ code: 0, err: "" });
    const { events: turns } = await bench.client.events.list({ types: "peer.turn" });
    expect(turns.map(({ payload }) => payload)).toContainEqual(expect.objectContaining({ event: "started", first_line: "First line" }));
  });

  it("a backend that there is none of", async () => {
    const bench = await openStandInBench();
    expect(await bench.hook("stop", told, "other")).toMatchObject({ code: 0, err: expect.stringContaining("--backend") });
  });
});

describe("a session without a pane", () => {
  // It is the same peer at every hook, pulls at its stop hook, and goes with the session.
  verifiesWith("mesh.hooks", "cli", async () => {
    const bench = await openStandInBench();
    await bench.startDaemon();
    const session = await bench.hook("session", told);
    expect(session).toMatchObject({ code: 0, err: "" });
    const { hookSpecificOutput } = JSON.parse(session.out) as { hookSpecificOutput: Record<string, string> };
    expect(hookSpecificOutput).toMatchObject({
      hookEventName: "SessionStart",
      additionalContext: expect.stringContaining("@repo-claude-code"),
    });
    const { peers } = await bench.client.peers.list({ backend: "claude-code" });
    expect(peers).toHaveLength(1);
    const id = peers[0]?.peer_id ?? "";
    expect(await bench.hook("prompt", told)).toMatchObject({ code: 0, out: "", err: "" });
    await becomes(bench, id, "working");
    const { delivery_id } = await notify(bench, id, "Look here");
    const stop = await bench.hook("stop", told);
    expect(JSON.parse(stop.out)).toEqual({ decision: "block", reason: "[anode:note from @human to @repo-claude-code]\nLook here" });
    expect(await bench.client.messages.get({ delivery_id })).toMatchObject({ delivery_state: "delivered" });
    await becomes(bench, id, "working");
    await notify(bench, id, "And here");
    // Once for each turn.
    expect(await bench.hook("stop", { ...told, stop_hook_active: true })).toMatchObject({ code: 0, out: "" });
    await becomes(bench, id, "idle");
    expect(await bench.hook("session-end", { ...told, reason: "clear" })).toMatchObject({ code: 0 });
    expect(await bench.client.peers.get({ id })).not.toHaveProperty("retired_at");
    await bench.hook("session-end", told);
    expect(await bench.client.peers.get({ id })).toMatchObject({ retire_reason: "session_end" });
  });

  it("open asks are the reason to go on, too, until they are closed", async () => {
    const bench = await openStandInBench();
    await bench.startDaemon();
    await bench.hook("session", told);
    const { correlation_id } = await bench.client.asks.ask({ to_peer: "repo-claude-code", text: "Which color?" });
    expect(JSON.parse((await bench.hook("stop", told)).out)).toMatchObject({ reason: expect.stringContaining("Which color?") });
    const again = JSON.parse((await bench.hook("stop", told)).out) as { reason: string };
    expect(again.reason).toContain(`Still open, asked of you before:\n- ${correlation_id} from @human: "Which color?"`);
    await bench.client.asks.ack({ correlation_id, message: "Blue" });
    expect(await bench.hook("stop", told)).toMatchObject({ code: 0, out: "" });
  });

  it("what a turn says that begins with an ask is the reply, where the asker wants it so; the transcript tells it where the runtime does not", async () => {
    const bench = await openStandInBench();
    await bench.startDaemon();
    await bench.hook("session", told);
    const transcript_path = join(bench.tmux.folder, "transcript.jsonl");
    const line = (type: string, text: string): string => JSON.stringify({ type, message: { content: [{ type: "text", text }] } });
    writeFileSync(transcript_path, [line("user", "Hello"), line("assistant", "It is blue"), '{"type":"assi'].join("\n"));
    const ask = async (reply_from_turn: boolean) => {
      const { correlation_id } = await bench.client.asks.ask({ to_peer: "repo-claude-code", text: "Which color?", reply_from_turn });
      await bench.hook("stop", told);
      return correlation_id;
    };
    const turn = async (prompt: string, prompt_id: string): Promise<void> => {
      await bench.hook("prompt", { ...told, prompt, prompt_id });
      await bench.hook("stop", { ...told, prompt_id, stop_hook_active: true, transcript_path });
    };
    const id = await ask(true);
    const plain = await ask(false);
    // Who only quotes an id binds nothing.
    await turn(`See [anode:ask ${id} from @human to @repo-claude-code]`, "p-2");
    await turn(`[anode:ask ${id} from @other to @repo-claude-code]`, "p-3");
    await turn(`[anode:ask ${plain} from @human to @repo-claude-code]\nWhich color?`, "p-4");
    for (const open of [id, plain]) expect(await bench.client.asks.get({ id: open })).toMatchObject({ state: "open" });
    await turn(`[anode:ask ${id} from @human to @repo-claude-code]\nWhich color?`, "p-5");
    expect(await bench.client.asks.get({ id })).toMatchObject({
      close_reason: "ack_with_msg",
      reply_text: "It is blue",
      replied_by: "turn",
      turn_id: "p-5",
    });
    expect(await bench.client.asks.get({ id: plain })).toMatchObject({ state: "open" });
  });
});

describe.skipIf(!hasTmux)("an agent in a pane", () => {
  it("is a peer with a file that is its user's alone, and with a socket", async () => {
    const bench = await openStandInBench();
    await bench.startDaemon();
    const agent = await bench.open("one");
    const peer = await linked(bench, agent);
    expect(peer).toMatchObject({ backend: "claude-code", session_id: "session-one", model: "stand-in-1", agent_pid: agent.pid });
    expect(peer).not.toHaveProperty("turn_state");
    const path = fileOf(bench, agent);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(bench.home, "peers")).mode & 0o777).toBe(0o700);
    const { peer_id, hook_pid, hook_started, peer_token } = read(path);
    expect(peer_id).toBe(peer.peer_id);
    expect(isAlive({ pid: hook_pid, started: hook_started })).toBe("ok");
    // No secret where others can see it, and nothing of the agent's own.
    for (const what of ["cmdline", "environ"]) expect(readFileSync(`/proc/${String(hook_pid)}/${what}`, "utf8")).not.toContain(peer_token);
    expect(await bench.client.peers.doctor({ id: peer.peer_id })).toMatchObject({
      contradictions: [],
      agent: { alive: true },
      hook: { alive: true },
    });
  });

  it("gets a text only when it is idle, one for each idle, and the rest at its stop hook", async () => {
    const bench = await openStandInBench();
    await bench.startDaemon();
    const agent = await bench.open("one");
    const { peer_id } = await linked(bench, agent);
    expect(await notify(bench, peer_id, "unknown")).toMatchObject({ queued: true, reason: "not_idle" });
    await agent.type("/hold");
    await agent.type("a long turn");
    await becomes(bench, peer_id, "working");
    expect(await notify(bench, peer_id, "working")).toMatchObject({ queued: true, reason: "not_idle" });
    await agent.type("/dialog");
    await becomes(bench, peer_id, "awaiting_input");
    expect(await notify(bench, peer_id, "dialog")).toMatchObject({ queued: true, reason: "not_idle" });
    // That nobody types says nothing of the dialog.
    await agent.type("/note");
    await becomes(bench, peer_id, "awaiting_input");
    expect(agent.reads().map(({ read }) => read)).toEqual(["a long turn"]);
    expect(agent.noted().filter((one) => "enter" in one)).toHaveLength(4);
    await agent.type("/go");
    await becomes(bench, peer_id, "idle");
    const [, drained] = agent.reads();
    expect(drained).toMatchObject({ by: "stop" });
    expect(drained?.read.match(/unknown|working|dialog/g)).toEqual(["unknown", "working", "dialog"]);
    // Two at once: the first is typed, the second waits for what comes after it.
    await Promise.all([notify(bench, peer_id, "first"), notify(bench, peer_id, "second")]);
    await vi.waitFor(() => expect(agent.reads()).toHaveLength(4), patient);
    expect(agent.reads().slice(2)).toEqual([
      { read: "[anode:note from @human to @" + (await bench.client.peers.get({ id: peer_id })).display_name + "]\nfirst", by: "composer" },
      { read: expect.stringContaining("second"), by: "stop" },
    ]);
  });

  it("a restart by force loses nothing and repeats nothing: the same hook comes back, the same id arrives once", async () => {
    const bench = await openStandInBench();
    const daemon = await bench.startDaemon();
    const agent = await bench.open("one");
    const { peer_id } = await linked(bench, agent);
    const hook = read(fileOf(bench, agent)).hook_pid;
    await agent.type("/hold");
    await agent.type("a long turn");
    const { delivery_id } = await notify(bench, peer_id, "over the restart");
    const died = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGKILL");
    await died;
    await bench.startDaemon();
    await linked(bench, agent);
    expect(read(fileOf(bench, agent)).hook_pid).toBe(hook);
    expect(await bench.client.messages.get({ delivery_id })).toMatchObject({ delivery_state: "queued" });
    expect(agent.reads()).toHaveLength(1);
    await agent.type("/go");
    await vi.waitFor(
      async () => expect(await bench.client.messages.get({ delivery_id })).toMatchObject({ delivery_state: "delivered" }),
      patient,
    );
    await becomes(bench, peer_id, "idle");
    expect(agent.reads().filter(({ read }) => read.includes("over the restart"))).toHaveLength(1);
    // And typing goes on over the new connection.
    await notify(bench, peer_id, "after the restart");
    await vi.waitFor(
      () => expect(agent.reads().at(-1)).toMatchObject({ read: expect.stringContaining("after the restart"), by: "composer" }),
      patient,
    );
  });

  it("stays the same peer when its session is cleared, and is gone with its session", async () => {
    const bench = await openStandInBench();
    await bench.startDaemon();
    const agent = await bench.open("one");
    const { peer_id } = await linked(bench, agent);
    await agent.type("/clear");
    await vi.waitFor(
      async () => expect(await bench.client.peers.get({ id: peer_id })).toMatchObject({ session_id: "session-one-next" }),
      patient,
    );
    expect((await bench.client.peers.list({ backend: "claude-code" })).peers).toHaveLength(1);
    const { hook_pid, hook_started } = read(fileOf(bench, agent));
    await agent.type("/exit");
    await vi.waitFor(
      async () => expect(await bench.client.peers.get({ id: peer_id })).toMatchObject({ retire_reason: "session_end" }),
      patient,
    );
    await vi.waitFor(() => expect(isAlive({ pid: hook_pid, started: hook_started })).toBe("fail"), patient);
    expect(existsSync(fileOf(bench, agent))).toBe(false);
  });

  it("killed by force is retired when its pane agrees, and its hook ends", async () => {
    const bench = await openStandInBench();
    await bench.startDaemon();
    const agent = await bench.open("one");
    await bench.open("other");
    const { peer_id } = await linked(bench, agent);
    const { hook_pid, hook_started } = read(fileOf(bench, agent));
    process.kill(agent.pid, "SIGKILL");
    await vi.waitFor(
      async () => expect(await bench.client.peers.get({ id: peer_id })).toMatchObject({ retire_reason: "agent_exited" }),
      patient,
    );
    await vi.waitFor(() => expect(isAlive({ pid: hook_pid, started: hook_started })).toBe("fail"), patient);
    expect(existsSync(fileOf(bench, agent))).toBe(false);
  });

  it("gets its hook back by rehook, and by its next stop hook", async () => {
    const bench = await openStandInBench();
    await bench.startDaemon();
    const agent = await bench.open("one");
    const { peer_id } = await linked(bench, agent);
    const lose = async (): Promise<number> => {
      const pid = read(fileOf(bench, agent)).hook_pid;
      process.kill(pid, "SIGKILL");
      await vi.waitFor(async () => expect(await bench.client.peers.get({ id: peer_id })).toMatchObject({ ws_connected: false }), patient);
      return pid;
    };
    const first = await lose();
    expect(await bench.client.peers.rehook({ id: peer_id, apply: true })).toMatchObject({ hook_started: true, ws_connected: true });
    const second = await lose();
    expect(second).not.toBe(first);
    await agent.type("a turn");
    await linked(bench, agent);
  });

  it("is linked by a person, and its messages get there", async () => {
    const bench = await openStandInBench();
    await bench.startDaemon();
    const file = join(bench.tmux.folder, "typed.txt");
    const pane = bench.tmux.open("plain", ["/bin/sh", "-c", `stty raw -echo; printf '\\033[?2004hready'; cat >'${file}'; :`]);
    const { peer_id } = await bench.client.panes.link({ pane_id: pane, backend: "claude-code", name: "linked" });
    expect(await bench.client.peers.get({ id: peer_id })).toMatchObject({ display_name: "linked", ws_connected: true });
    await bench.client.session.update({ peer_id, status: "online", turn_state: "idle" });
    expect(await notify(bench, peer_id, "Hello there")).toMatchObject({ to_peer_id: peer_id });
    await vi.waitFor(
      () => expect(readFileSync(file, "utf8")).toBe("\u001b[200~[anode:note from @human to @linked]\nHello there\u001b[201~\r"),
      patient,
    );
    await vi.waitFor(async () => expect(await bench.client.peers.get({ id: peer_id })).toMatchObject({ turn_state: "working" }), patient);
  });
});
