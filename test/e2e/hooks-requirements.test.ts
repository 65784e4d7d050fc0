import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, vi } from "vitest";
import { createHookFiles } from "../../lib/node/index.js";
import { programPath } from "../support/program.js";
import { openStandInBench, patient, type StandInBench } from "../support/stand-in.js";
import { verifiesWith } from "./verifies.js";

/** The same moments as each runtime tells of them. */
const dialects = {
  "claude-code": { ended: { hook_event_name: "Stop", last_assistant_message: "It is blue" }, goesOn: "block" },
  codex: { ended: { hook_event_name: "Stop", turn_id: "t-1", last_assistant_message: "It is blue" }, goesOn: "block" },
  gemini: { ended: { hook_event_name: "AfterAgent", prompt_response: "It is blue" }, goesOn: "deny" },
} as const;
type Backend = keyof typeof dialects;
const backends = Object.keys(dialects) as Backend[];

const session = (backend: string, more: object = {}) => ({ session_id: `s-${backend}`, cwd: "/repo", model: "m-1", ...more });
/** What a runtime that demands an answer is given where there is nothing to say. */
const nothing = (backend: string): string => (backend === "gemini" ? '{"decision":"allow"}\n' : "");

async function opened(): Promise<StandInBench> {
  const bench = await openStandInBench();
  await bench.startDaemon();
  return bench;
}

async function registered(bench: StandInBench, backend: string): Promise<string> {
  expect(await bench.hook("session", session(backend, { hook_event_name: "SessionStart" }), backend)).toMatchObject({ code: 0, err: "" });
  const { peers } = await bench.client.peers.list({ backend: backend as Backend });
  expect(peers).toHaveLength(1);
  return peers[0]?.peer_id ?? "";
}

const stateOf = async (bench: StandInBench, id: string) => {
  const { status, turn_state } = await bench.client.peers.get({ id });
  return [status, turn_state];
};

const call = { tool_use_id: "toolu_0001", tool_input: { command: "ls" }, session_id: "s-1", cwd: "/repo" };
const calls: Readonly<Record<Backend | "opencode", object>> = {
  "claude-code": { ...call, hook_event_name: "PreToolUse", tool_name: "Bash" },
  codex: { ...call, hook_event_name: "PreToolUse", tool_name: "Bash" },
  gemini: { ...call, hook_event_name: "BeforeTool", tool_name: "run_shell_command" },
  opencode: { ...call, hook_event_name: "tool.execute.before", tool_name: "bash" },
};

/** A command as a runtime calls it. */
function sh(bench: StandInBench, command: string, input: string | undefined, env: Record<string, string> = {}) {
  const child = spawn("/bin/sh", ["-c", command], { env: { ...bench.env, ...env }, cwd: bench.tmux.folder, stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (part: string) => (out += part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => (err += part));
  child.stdin.on("error", () => {});
  if (input !== undefined) child.stdin.end(input);
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, out, err }));
  });
  return { child, ended };
}

/** The command that stands in the settings after `hooks install --approval`. */
async function installedCommand(bench: StandInBench): Promise<string> {
  expect(await bench.anode("hooks", "install", "claude-code", "--approval")).toMatchObject({ code: 0 });
  const { hooks } = JSON.parse(readFileSync(join(bench.tmux.folder, ".claude/settings.json"), "utf8")) as {
    hooks: Record<string, { hooks: { command: string }[] }[]>;
  };
  return hooks["PreToolUse"]?.[0]?.hooks[0]?.command ?? "";
}

function configure(bench: StandInBench, config: unknown): void {
  writeFileSync(join(bench.home, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
  chmodSync(join(bench.home, "config.json"), 0o600);
}

/** A server that speaks for a daemon, and what it is asked; its answer is no answer where there is none. */
async function inPlaceOfDaemon(status: number, body?: string) {
  const asked = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      asked.resolve();
      if (body !== undefined) response.writeHead(status, { "Content-Type": "application/json" }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { env: { ANODE_DAEMON: `127.0.0.1:${(server.address() as AddressInfo).port}` }, asked: asked.promise };
}

describe("hooks of agent runtimes", () => {
  verifiesWith("hooks.install", "cli", async () => {
    const bench = await openStandInBench();
    const path = join(bench.tmux.folder, ".gemini/settings.json");
    mkdirSync(join(bench.tmux.folder, ".gemini"));
    const before = '{ "theme": "dark", "hooks": { "BeforeTool": [ { "hooks": [ { "type": "command", "command": "mine" } ] } ] } }';
    writeFileSync(path, before);
    for (let times = 0; times < 2; times += 1) {
      expect(await bench.anode("hooks", "install", "gemini", "--approval")).toMatchObject({ code: 0 });
      const { theme, hooks } = JSON.parse(readFileSync(path, "utf8")) as { theme: string; hooks: Record<string, object[]> };
      expect(theme).toBe("dark");
      expect(Object.entries(hooks).map(([event, list]) => [event, list.length])).toEqual([
        ["BeforeTool", 2],
        ...["SessionStart", "BeforeAgent", "AfterAgent", "Notification", "SessionEnd"].map((event) => [event, 1]),
      ]);
    }
    const { hooks } = JSON.parse((await bench.anode("hooks", "status", "--json")).out) as { hooks: { backend: string; state: string }[] };
    expect(hooks.find(({ backend }) => backend === "gemini")).toMatchObject({ state: "installed" });
    expect(await bench.anode("hooks", "uninstall", "gemini")).toMatchObject({ code: 0 });
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  verifiesWith("hooks.session", "cli", async () => {
    const bench = await opened();
    await bench.client.peers.register({ backend: "service", name: "neighbor" });
    await bench.client.peers.register({ backend: "claude-code", name: "other", session_id: "s-other" });
    for (const backend of backends) {
      const { code, out, err } = await bench.hook("session", session(backend, { hook_event_name: "SessionStart" }), backend);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      const { hookSpecificOutput } = JSON.parse(out) as { hookSpecificOutput: Record<string, string> };
      expect(hookSpecificOutput).toEqual({ hookEventName: "SessionStart", additionalContext: expect.stringContaining(`@repo-${backend}`) });
      expect(hookSpecificOutput["additionalContext"]).toContain("@other");
      const peer = await bench.client.peers.list({ backend });
      const own = peer.peers.find(({ session_id }) => session_id === `s-${backend}`);
      expect(own).toMatchObject({ path: "/repo", model: "m-1" });
      expect(own).not.toHaveProperty("turn_state");
    }
    // A plugin that speaks on a socket itself is told as whom.
    const { out } = await bench.hook("session", session("opencode"), "opencode");
    const { own, introduction } = JSON.parse(out) as { own: { peer_id: string; peer_token: string }; introduction: string };
    expect(own).toMatchObject({ backend: "opencode", session_id: "s-opencode", peer_token: expect.any(String) });
    expect(introduction).toContain(`@repo-opencode (${own.peer_id})`);
  });

  verifiesWith("hooks.prompt", "cli", async () => {
    const bench = await opened();
    for (const backend of backends) {
      const id = await registered(bench, backend);
      const told = session(backend, { hook_event_name: "UserPromptSubmit", prompt: "First line\nand more", prompt_id: `p-${backend}` });
      expect(await bench.hook("prompt", told, backend)).toEqual({ code: 0, out: nothing(backend), err: "" });
      expect(await stateOf(bench, id)).toEqual(["busy", "working"]);
      const { events } = await bench.client.events.list({ types: "peer.turn" });
      expect(events.map(({ payload }) => payload)).toContainEqual(
        expect.objectContaining({ turn_id: `p-${backend}`, event: "started", first_line: "First line" }),
      );
    }
  });

  verifiesWith("hooks.stop", "cli", async () => {
    const bench = await opened();
    for (const backend of backends) {
      const { ended, goesOn } = dialects[backend];
      const id = await registered(bench, backend);
      const { delivery_id } = await bench.client.messages.notify({ to_peer: id, text: "Look here" });
      const { correlation_id } = await bench.client.asks.ask({ to_peer: id, text: "Which color?", reply_from_turn: true });
      const { code, out } = await bench.hook("stop", session(backend, ended), backend);
      expect(code).toBe(0);
      const { decision, reason } = JSON.parse(out) as { decision: string; reason: string };
      expect(decision).toBe(goesOn);
      expect(reason).toContain("Look here");
      expect(reason).toContain(correlation_id);
      expect(await bench.client.messages.get({ delivery_id })).toMatchObject({ delivery_state: "delivered" });
      expect(await stateOf(bench, id)).toEqual(["busy", "working"]);
      // Once for each turn, although the ask is still open.
      const again = session(backend, { ...ended, stop_hook_active: true });
      expect(await bench.hook("stop", again, backend)).toEqual({ code: 0, out: nothing(backend), err: "" });
      expect(await stateOf(bench, id)).toEqual(["online", "idle"]);
      // What the turn says that begins with the ask is its reply.
      const prompt = `[anode:ask ${correlation_id} from @human to @repo-${backend}]\nWhich color?`;
      await bench.hook("prompt", session(backend, { hook_event_name: "UserPromptSubmit", prompt, turn_id: "t-1" }), backend);
      await bench.hook("stop", session(backend, { ...ended, turn_id: "t-1", stop_hook_active: true }), backend);
      expect(await bench.client.asks.get({ id: correlation_id })).toMatchObject({ reply_text: "It is blue", replied_by: "turn" });
    }
  });

  verifiesWith("hooks.notification", "cli", async () => {
    const bench = await opened();
    for (const backend of ["claude-code", "gemini"] as const) {
      const id = await registered(bench, backend);
      const note = (notification_type: string) => bench.hook("notification", session(backend, { notification_type }), backend);
      expect(await note("idle_prompt")).toEqual({ code: 0, out: nothing(backend), err: "" });
      expect((await stateOf(bench, id))[1]).toBe("idle");
      for (const type of [backend === "gemini" ? "ToolPermission" : "permission_prompt", "elicitation_dialog", "never_heard_of"]) {
        await bench.hook("stop", session(backend, { stop_hook_active: true }), backend);
        expect((await stateOf(bench, id))[1]).toBe("idle");
        await note(type);
        expect((await stateOf(bench, id))[1]).toBe("awaiting_input");
        await note("idle_prompt");
        expect((await stateOf(bench, id))[1]).toBe("awaiting_input");
      }
    }
  });

  verifiesWith("hooks.session-end", "cli", async () => {
    const bench = await opened();
    for (const backend of ["claude-code", "gemini"] as const) {
      const id = await registered(bench, backend);
      await bench.hook("session-end", session(backend, { reason: "clear" }), backend);
      expect(await bench.client.peers.get({ id })).not.toHaveProperty("retired_at");
      expect(await bench.hook("session-end", session(backend, { reason: "exit" }), backend)).toEqual({
        code: 0,
        out: nothing(backend),
        err: "",
      });
      expect(await bench.client.peers.get({ id })).toMatchObject({ status: "offline", retire_reason: "session_end" });
    }
  });

  verifiesWith("hooks.silent", "cli", async () => {
    const bench = await openStandInBench();
    for (const backend of backends) {
      for (const event of ["session", "prompt", "stop", "notification", "session-end"]) {
        expect(await bench.hook(event, session(backend), backend)).toEqual({ code: 0, out: nothing(backend), err: "" });
      }
    }
  });

  verifiesWith("hooks.approval", "cli", async () => {
    const bench = await opened();
    const allows = {
      "claude-code": {
        hookSpecificOutput: { hookEventName: "PreToolUse", permissionDecision: "allow", permissionDecisionReason: "Allowed" },
      },
      codex: undefined,
      gemini: { decision: "allow" },
      opencode: undefined,
    };
    for (const [backend, told] of Object.entries(calls) as [keyof typeof calls, object][]) {
      const put = async (id: string) => {
        const ended = bench.hook("pretooluse", { ...told, tool_use_id: id }, backend);
        const question = await vi.waitFor(async () => {
          const { questions } = await bench.client.questions.list({ status: "open" });
          expect(questions).toHaveLength(1);
          return questions[0];
        }, patient);
        expect(question).toMatchObject({
          question_id: `pretool-${id}`,
          scope: "tool_permission",
          origin: backend,
          prompt: expect.stringContaining("ls"),
        });
        return { ended, id: question?.question_id ?? "" };
      };
      const allowed = await put(`${backend}-1`);
      await bench.anode("answer", allowed.id, "y");
      const { code, out, err } = await allowed.ended;
      expect([code, out === "" ? undefined : JSON.parse(out), err]).toEqual([0, allows[backend], ""]);
      const denied = await put(`${backend}-2`);
      await bench.anode("answer", denied.id, "--deny", "--message", "not today");
      expect(await denied.ended).toEqual({ code: 2, out: "", err: "anode: Not allowed (denied): not today\n" });
    }
    configure(bench, { hooks: { approval: { wait_ms: 200 } } });
    expect(await bench.hook("pretooluse", calls.gemini, "gemini")).toEqual({ code: 2, out: "", err: "anode: Not allowed (timed_out)\n" });
  });

  verifiesWith("hooks.approval.closed", "cli", async () => {
    const bench = await openStandInBench();
    const command = await installedCommand(bench);
    const input = JSON.stringify(calls["claude-code"]);
    const blocked = async (reason: string, { ended }: ReturnType<typeof sh>): Promise<void> => {
      expect(await ended, reason).toMatchObject({ code: 2, out: "", err: expect.stringContaining(reason) });
    };
    await blocked("No daemon answers", sh(bench, command, input));
    const problem = (code: string) => JSON.stringify({ type: `urn:anode:error:${code}`, title: code, status: 500, code, request_id: "q" });
    await blocked("", sh(bench, command, input, (await inPlaceOfDaemon(401, problem("auth_required"))).env));
    await blocked("", sh(bench, command, input, (await inPlaceOfDaemon(500, problem("internal"))).env));
    await blocked("not ours", sh(bench, command, input, (await inPlaceOfDaemon(200, '{"decision":"allow"')).env));
    await blocked("Standard input", sh(bench, command, "Bash ls"));
    const hanging = await inPlaceOfDaemon(200);
    // Nothing else of the shell's is ended: the hook alone, as a runtime's own time-out would.
    const stopped = sh(bench, `exec ${command.replace(/ \|\| exit 2.*$/, "")}`, input, hanging.env);
    await hanging.asked;
    (stopped.child as ChildProcess).kill("SIGTERM");
    await blocked("SIGTERM", stopped);
    await blocked("", sh(bench, command.replaceAll(programPath, join(bench.tmux.folder, "gone.cjs")), input));
    await blocked("", sh(bench, command.replaceAll(process.execPath, join(bench.tmux.folder, "gone")), input));
    configure(bench, { hooks: { approval: { wait_ms: 200 } } });
    await blocked("5200 ms", sh(bench, command, input, (await inPlaceOfDaemon(200)).env));
    configure(bench, "{");
    await blocked("config.json", sh(bench, command, input));
  });

  verifiesWith("hooks.approval.off", "cli", async () => {
    const bench = await openStandInBench();
    const free = { code: 0, out: "", err: "" };
    expect(await bench.hook("pretooluse", { ...calls["claude-code"], tool_name: "Read" })).toEqual(free);
    expect(await bench.hook("pretooluse", { ...calls.gemini, tool_name: "read_file" }, "gemini")).toEqual(free);
    expect(await bench.hook("pretooluse", { ...calls.opencode, tool_name: "read" }, "opencode")).toEqual(free);
    configure(bench, { hooks: { approval: { enabled: false } } });
    for (const [backend, told] of Object.entries(calls)) expect(await bench.hook("pretooluse", told, backend)).toEqual(free);
  });

  verifiesWith("hooks.ws", "cli", async () => {
    const bench = await opened();
    const pane_id = "%77";
    const { peer, peer_token = "" } = await bench.client.peers.register({ backend: "claude-code", name: "agent", session_id: "s-1" });
    const { peer_id } = peer;
    const files = createHookFiles(join(bench.home, "peers"));
    await files.write({ peer_id, display_name: "agent", backend: "claude-code", pane_id, peer_token });
    const ws = ["hook", "ws", "--backend", "claude-code", "--pane", pane_id];
    const held = bench.anode(...ws);
    await vi.waitFor(async () => expect(await bench.client.peers.get({ id: peer_id })).toMatchObject({ ws_connected: true }), patient);
    const holder = await files.read(pane_id);
    expect(await bench.anode(...ws)).toMatchObject({ code: 0, err: expect.stringContaining("held_elsewhere") });
    // The first is still the one, and nobody else's pid is written down.
    expect(await files.read(pane_id)).toEqual(holder);
    expect(await bench.client.peers.get({ id: peer_id })).toMatchObject({ ws_connected: true });
    await bench.client.peers.remove({ id: peer_id });
    expect(await held).toMatchObject({ code: 0, err: expect.stringContaining("retired") });
    expect(existsSync(join(bench.home, "peers/pane-77.json"))).toBe(false);
    expect(await bench.anode(...ws)).toMatchObject({ code: 0, err: expect.stringContaining("nothing_written") });
  });
});
