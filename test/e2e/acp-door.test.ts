import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import * as sdk from "@agentclientprotocol/sdk";
import { describe, expect, it, onTestFinished } from "vitest";
import { startDaemon } from "../../adapters/daemon/index.js";
import { functionExecutor } from "../../lib/runs/function-executor.js";
import { scriptedDefinition } from "../support/acp.js";
import { configAt, fakeModel } from "../support/agent-apis.js";
import { eventually } from "../support/daemon.js";
import { newUser, programPath, type User } from "../support/program.js";
import { survivors } from "../support/process-tree.js";
import { agentInit } from "../support/event-payloads.js";

const agentProgram = fileURLToPath(new URL("../support/acp-agent.ts", import.meta.url));

/** `anode acp` with an editor at its other end. */
interface Editor {
  readonly child: ChildProcess;
  readonly agent: sdk.ClientContext;
  readonly texts: string[];
  /** What it was asked to allow, by title. */
  readonly asked: string[];
  readonly exit: Promise<number | null>;
  /** What it said beside the protocol. */
  said(): string;
  session(): Promise<string>;
  prompt(sessionId: string, text: string): Promise<sdk.PromptResponse>;
}

async function openEditor(user: User, flags: readonly string[], optionId = "allow_once"): Promise<Editor> {
  const child = spawn(process.execPath, [programPath, "acp", ...flags], { env: user.env, cwd: user.folder, stdio: "pipe" });
  const exit = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => (said += part));
  const texts: string[] = [];
  const asked: string[] = [];
  const app = sdk
    .client({ name: "editor" })
    .onNotification("session/update", ({ params: { update } }) => {
      if (update.sessionUpdate === "agent_message_chunk" && update.content.type === "text") texts.push(update.content.text);
    })
    .onRequest("session/request_permission", ({ params }) => {
      asked.push(params.toolCall.title ?? "");
      return { outcome: { outcome: "selected", optionId } };
    });
  const stream = sdk.ndJsonStream(
    Writable.toWeb(child.stdin) as WritableStream<Uint8Array>,
    Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>,
  );
  const { agent } = app.connect(stream);
  await agent.request("initialize", { protocolVersion: 1 });
  return {
    child,
    agent,
    texts,
    asked,
    exit,
    said: () => said,
    session: async () => (await agent.request("session/new", { cwd: user.folder, mcpServers: [] })).sessionId,
    prompt: (sessionId, text) => agent.request("session/prompt", { sessionId, prompt: [{ type: "text", text }] }),
  };
}

/** A configuration with the scripted agent, whose sessions outlive its process, and a profile for it. */
function configure(user: User, more: object = {}): void {
  mkdirSync(user.home, { recursive: true, mode: 0o700 });
  const sessions = join(user.folder, "sessions");
  mkdirSync(sessions);
  const scripted = { ...scriptedDefinition, argv: [process.execPath, agentProgram], env: { set: { ACP_FOLDER: sessions } } };
  const config = { agents: { scripted }, profiles: { mine: { executor: { kind: "acp", agent: "scripted" } } }, ...more };
  writeFileSync(join(user.home, "config.json"), JSON.stringify(config), { mode: 0o600 });
}

/** A daemon of the user whose runs have threads, ask when told to, and hang when told to. */
async function threadedDaemon(user: User) {
  const executor = functionExecutor(
    async ({ request, emit, ask, signal }) => {
      await emit("system.init", agentInit(request));
      await emit("user.message", { message_id: "u", text: request.prompt });
      if (request.prompt === "hang") await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      const { decision = "" } = request.prompt === "ask" ? await ask({ kind: "choice", scope: "tool_permission", prompt: "Run ls?" }) : {};
      await emit("assistant.message", { message_id: "m", text: `${request.prompt} ${decision}`.trim() });
    },
    { session: true },
  );
  const daemon = await startDaemon({
    env: user.env,
    cwd: user.folder,
    store: "memory",
    executors: { work: executor },
    profiles: { craft: { executor: "work" } },
  });
  onTestFinished(() => daemon.close());
  return daemon;
}

describe("anode acp", () => {
  it.for([
    ["allow_once", "ask allow"],
    ["deny", "ask deny"],
  ] as const)("puts a question to its editor, and the answer %s is the run's", async ([optionId, said]) => {
    const user = newUser();
    await threadedDaemon(user);
    const editor = await openEditor(user, [], optionId);
    expect(await editor.prompt(await editor.session(), "ask")).toEqual({ stopReason: "end_turn" });
    expect(editor.texts).toEqual([said]);
    editor.child.stdin?.end();
    expect(await editor.exit).toBe(0);
  });

  it("cancels a run when its editor does, and when its editor goes", async () => {
    const user = newUser();
    const { manager } = await threadedDaemon(user);
    const editor = await openEditor(user, []);
    const sessionId = await editor.session();
    const prompt = editor.prompt(sessionId, "hang");
    await eventually(async () => (await manager.stats()).runs["running"] === 1);
    await editor.agent.notify("session/cancel", { sessionId });
    expect(await prompt).toEqual({ stopReason: "cancelled" });
    void editor.prompt(sessionId, "hang").catch(() => {});
    await eventually(async () => (await manager.stats()).runs["running"] === 1);
    editor.child.stdin?.end();
    expect(await editor.exit).toBe(0);
    expect((await manager.list()).runs.map(({ status }) => status)).toEqual(["canceled", "canceled"]);
  });

  it("goes on with a session in another process", async () => {
    const user = newUser();
    await threadedDaemon(user);
    const first = await openEditor(user, []);
    const sessionId = await first.session();
    await first.prompt(sessionId, "one");
    first.child.stdin?.end();
    await first.exit;
    const second = await openEditor(user, []);
    await second.agent.request("session/load", { sessionId, cwd: user.folder, mcpServers: [] });
    expect(second.texts).toEqual(["one"]);
    await second.prompt(sessionId, "two");
    expect(second.texts).toEqual(["one", "two"]);
  });

  it("starts a daemon when none answers", async () => {
    const user = newUser();
    const editor = await openEditor(user, ["--profile", "no-such-profile"]);
    await expect(editor.prompt(await editor.session(), "x")).rejects.toMatchObject({ data: { code: "unknown_profile" } });
    expect(editor.said()).toContain("started the daemon");
    expect((await user.anode("status")).code).toBe(0);
  });

  it("holds the runs itself with --no-daemon, and leaves nothing behind", async () => {
    const user = newUser();
    configure(user);
    const editor = await openEditor(user, ["--no-daemon", "--profile", "mine"]);
    const sessionId = await editor.session();
    expect(await editor.prompt(sessionId, "#script write a.txt x | say done")).toMatchObject({
      stopReason: "end_turn",
      usage: { inputTokens: 100 },
    });
    expect(editor.texts.at(-1)).toBe("done");
    void editor.prompt(sessionId, "#script sh sleep 300").catch(() => {});
    await eventually(() => [...survivors(user.folder).values()].some((command) => command.includes("sleep 300")));
    editor.child.stdin?.end();
    expect(await editor.exit).toBe(0);
    expect(survivors(user.folder)).toEqual(new Map());
    expect((await user.anode("status")).code).toBe(3);
  });

  it("holds to rules and modes with --no-daemon: a denial asks nobody, a mode asks what it asks, none goes above the ceiling", async () => {
    const user = newUser();
    const deny = { tool: "edit_file", args: { path: ["gen/**"] }, action: "deny", reason: "generated" };
    configure(user, { permissions: [deny], daemon: { approval_ceiling: { admin: "auto", other: "auto" } } });
    const editor = await openEditor(user, ["--no-daemon", "--profile", "mine"], "deny");
    const sessionId = await editor.session();
    const mode = (modeId: string) => editor.agent.request("session/set_mode", { sessionId, modeId });
    const asked = async (script: string): Promise<number> => {
      const before = editor.asked.length;
      await editor.prompt(sessionId, `#script ${script}`);
      return editor.asked.length - before;
    };
    expect(await asked("write a.txt x | sh touch b.txt")).toBe(2);
    await mode("auto");
    expect(await asked("write a.txt x | sh touch b.txt | sh touch c.txt && rm d.txt")).toBe(2);
    expect(await asked("write gen/a.txt x")).toBe(0);
    expect(["a.txt", "b.txt", "c.txt", "gen"].map((name) => existsSync(join(user.folder, name)))).toEqual([false, true, false, false]);
    await mode("unrestricted");
    await expect(editor.prompt(sessionId, "#script write a.txt x")).rejects.toMatchObject({ data: { code: "above_ceiling" } });
  });

  it("keeps out of a session of a foreign agent that a run of the daemon works in", async () => {
    const user = newUser();
    configure(user);
    const { manager } = await threadedDaemon(user);
    const { id } = await manager.start({ prompt: "#script hang", profile: "mine", cwd: user.folder });
    await eventually(async () => (await manager.get(id)).session_id !== undefined);
    const { session_id = "" } = await manager.get(id);
    const taken = await user.anode("execute", "--profile", "mine", "--cwd", user.folder, "--session", session_id, "hi");
    expect([taken.code, taken.err]).toEqual([1, expect.stringContaining("session has an active run")]);
    await manager.cancel(id);
    expect(await user.anode("execute", "--profile", "mine", "--cwd", user.folder, "--session", session_id, "#script say on")).toMatchObject(
      {
        code: 0,
        out: "on\n",
      },
    );
  });

  it("has the built-in agent with --no-daemon too", async () => {
    const fake = await fakeModel();
    const user = newUser();
    mkdirSync(user.home, { recursive: true, mode: 0o700 });
    const { providers = {} } = configAt(fake.url);
    writeFileSync(join(user.home, "config.json"), JSON.stringify({ providers, model: "zai/glm-5.1" }), { mode: 0o600 });
    const editor = await openEditor(user, ["--no-daemon"]);
    expect(await editor.prompt(await editor.session(), "#script! say from the model")).toMatchObject({ stopReason: "end_turn" });
    expect(editor.texts.join("")).toBe("from the model");
  });

  it("refuses flags that contradict each other", async () => {
    const user = newUser();
    expect(await user.anode("acp", "--no-daemon", "--daemon", "127.0.0.1:1")).toMatchObject({ code: 2 });
  });
});
