import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../support/daemon.js";
import { newUser, programPath, scriptedDaemon, type User } from "../support/program.js";
import { verifiesWith } from "./verifies.js";

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

const call = {
  hook_event_name: "PreToolUse",
  tool_name: "Bash",
  tool_use_id: "toolu_01ABC",
  tool_input: { command: "ls -la" },
  cwd: "/repo",
  session_id: "s-1",
};

/** The hook as a runtime starts it, with standard input still open. */
function start(
  user: User,
  options: { backend?: string; env?: Record<string, string>; flags?: string[] } = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const { backend = "claude-code", env, flags = [] } = options;
  const words = ["hook", "pretooluse", "--backend", backend, ...flags];
  const child = spawn(process.execPath, [programPath, ...words], { env: { ...user.env, ...env }, cwd: user.folder, stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (out += part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => (err += part));
  child.stdin.on("error", () => {});
  const ended = new Promise<Ended>((resolve) => child.once("close", (code, signal) => resolve({ code, signal, out, err })));
  return { child, ended };
}

function hook(user: User, input: unknown, options?: Parameters<typeof start>[1]): Promise<Ended> {
  const { child, ended } = start(user, options);
  child.stdin?.end(typeof input === "string" ? input : JSON.stringify(input));
  return ended;
}

function configure(user: User, config: unknown, mode = 0o600): string {
  mkdirSync(user.home, { recursive: true, mode: 0o700 });
  const path = join(user.home, "config.json");
  writeFileSync(path, typeof config === "string" ? config : JSON.stringify(config));
  chmodSync(path, mode);
  return path;
}

/** A server that speaks for a daemon; gives the address to call. */
async function fakeDaemon(answer: (question: Record<string, unknown>, response: ServerResponse) => void): Promise<string> {
  const server = createServer((request: IncomingMessage, response) => {
    let text = "";
    request.on("data", (part) => (text += String(part)));
    request.on("end", () => answer(JSON.parse(text) as Record<string, unknown>, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json = (response: ServerResponse, body: unknown, status = 200, type = "application/json"): void => {
  response.writeHead(status, { "Content-Type": type });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
};
const allowOf = ({ correlation_id }: Record<string, unknown>): Record<string, unknown> => ({
  correlation_id,
  outcome: "answered",
  option_id: "allow",
  decision: "allow",
  reason: "answered",
});
const problem = (code: string, status: number) => ({
  type: `urn:anode:error:${code}`,
  title: code,
  status,
  detail: `It is ${code}.`,
  code,
  request_id: "q",
});

describe("a tool call is blocked", () => {
  it("when no daemon answers", async () => {
    expect(await hook(newUser(), call)).toMatchObject({ code: 2, out: "", err: expect.stringContaining("No daemon answers") });
  });

  it.each<[string, Parameters<typeof fakeDaemon>[0], string]>([
    [
      "refuses the credential",
      (_, response) => json(response, problem("auth_required", 401), 401, "application/problem+json"),
      "auth_required",
    ],
    ["has a defect", (_, response) => json(response, problem("internal", 500), 500, "application/problem+json"), "internal"],
    ["is full", (_, response) => json(response, problem("question_full", 429), 429, "application/problem+json"), "question_full"],
    ["fails without a word", (_, response) => json(response, "", 500), "500"],
    ["says nothing but ok", (_, response) => json(response, "ok", 200, "text/plain"), "not ours"],
    ["answers no JSON", (_, response) => json(response, '{"decision":"allow"'), "not ours"],
    ["answers null", (_, response) => json(response, "null"), "another question"],
    ["answers another question", (_, response) => json(response, allowOf({ correlation_id: "pretool-toolu_02DEF" })), "another question"],
    [
      "answers without an id",
      (_, response) => json(response, { decision: "allow", outcome: "answered", option_id: "allow" }),
      "another question",
    ],
    ["allows without an answer", (question, response) => json(response, { ...allowOf(question), outcome: "denied" }), "Not allowed"],
    ["allows by a denial", (question, response) => json(response, { ...allowOf(question), option_id: "deny" }), "Not allowed"],
    ["allows in other words", (question, response) => json(response, { ...allowOf(question), decision: "ALLOW" }), "Not allowed"],
    ["allows with another status", (question, response) => json(response, allowOf(question), 302), "redirect"],
    [
      "denies",
      (question, response) => json(response, { ...allowOf(question), decision: "deny", outcome: "denied", reason: "timed_out" }),
      "timed_out",
    ],
    ["hangs up", (_, response) => void response.destroy(), "lost"],
  ])("when the daemon %s", async (_, answer, reason) => {
    const address = await fakeDaemon(answer);
    const ended = await hook(newUser(), call, { env: { ANODE_DAEMON: address } });
    expect(ended).toMatchObject({ code: 2, out: "", err: expect.stringContaining(reason) });
    expect(ended.err).toMatch(/^anode: /);
  });

  it("when the daemon never answers: at the latest five seconds after the wait", async () => {
    const user = newUser();
    configure(user, { hooks: { approval: { wait_ms: 300 } } });
    const asked: unknown[] = [];
    const address = await fakeDaemon((question) => void asked.push(question["timeout_ms"]));
    const before = Date.now();
    expect(await hook(user, call, { env: { ANODE_DAEMON: address } })).toMatchObject({ code: 2, err: expect.stringContaining("5300 ms") });
    expect(Date.now() - before).toBeLessThan(7_000);
    expect(asked).toEqual([300]);
  });

  it("when standard input never ends", async () => {
    const user = newUser();
    configure(user, { hooks: { approval: { wait_ms: 1 } } });
    const { child, ended } = start(user);
    child.stdin?.write('{"hook_event_name":');
    expect(await ended).toMatchObject({ code: 2, err: expect.stringContaining("no answer") });
  });

  it.each<[string, unknown]>([
    ["is empty", ""],
    ["is no JSON", "Bash ls"],
    ["is no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]).toString("latin1")],
    ["is a list", [call]],
    ["is null", "null"],
    ["names no tool", { ...call, tool_name: undefined }],
    ["has a blank tool", { ...call, tool_name: " " }],
    ["has a tool that is no text", { ...call, tool_name: ["Bash"] }],
    ["has no input", { ...call, tool_input: undefined }],
    ["is of another event", { ...call, hook_event_name: "PostToolUse" }],
    ["is of no event", { ...call, hook_event_name: undefined }],
  ])("when standard input %s", async (_, input) => {
    expect(await hook(newUser(), input)).toMatchObject({ code: 2, out: "", err: expect.stringContaining("Standard input") });
  });

  it.each<[string, (user: User) => Record<string, string> | void]>([
    ["is no JSON", (user) => void configure(user, "{")],
    ["is a list", (user) => void configure(user, [])],
    ["has hooks that are none", (user) => void configure(user, { hooks: true })],
    ["has an approval that is none", (user) => void configure(user, { hooks: { approval: "off" } })],
    ["is unsure whether it is on", (user) => void configure(user, { hooks: { approval: { enabled: "false" } } })],
    ["gates nothing by a slip", (user) => void configure(user, { hooks: { approval: { gated_tools: [] } } })],
    ["gates a tool that is no text", (user) => void configure(user, { hooks: { approval: { gated_tools: ["Read", 7] } } })],
    ["waits for ever", (user) => void configure(user, { hooks: { approval: { wait_ms: 600_001 } } })],
    ["can be written by others", (user) => void configure(user, { hooks: { approval: { enabled: false } } }, 0o622)],
    ["is a folder", (user) => void mkdirSync(join(user.home, "config.json"), { recursive: true })],
    ["is named and not there", (user) => ({ ANODE_CONFIG: join(user.folder, "none.json") })],
  ])("when the configuration %s", async (_, prepare) => {
    const user = newUser();
    const env = prepare(user) ?? {};
    expect(await hook(user, call, { env })).toMatchObject({ code: 2, out: "", err: expect.stringMatching(/config\.json|none\.json/) });
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("when %s comes while it waits", async (signal) => {
    const waiting = Promise.withResolvers<void>();
    const address = await fakeDaemon(() => waiting.resolve());
    const { child, ended } = start(newUser(), { env: { ANODE_DAEMON: address } });
    child.stdin?.end(JSON.stringify(call));
    await waiting.promise;
    child.kill(signal);
    expect(await ended).toMatchObject({ code: 2, signal: null, out: "", err: expect.stringContaining(signal) });
  });

  it.each([
    ["an error that nobody caught", 'setTimeout(() => { throw new Error("boom"); }, 400);'],
    ["a rejection that nobody caught", 'setTimeout(() => void Promise.reject(new Error("boom")), 400);'],
  ])("by %s", async (_, defect) => {
    const user = newUser();
    const planted = join(user.folder, "planted.cjs");
    writeFileSync(planted, defect);
    const address = await fakeDaemon(() => {});
    const ended = await hook(user, call, { env: { ANODE_DAEMON: address, NODE_OPTIONS: `--require=${planted}` } });
    expect(ended).toMatchObject({ code: 2, out: "", err: expect.stringContaining("boom") });
  });

  it("when it was installed wrongly", async () => {
    const user = newUser();
    expect(await hook(user, call, { backend: "claude" })).toMatchObject({ code: 2, err: expect.stringContaining("--backend") });
    expect(await hook(user, call, { backend: "constructor" })).toMatchObject({ code: 2 });
    expect(await hook(user, call, { flags: ["--unknown"] })).toMatchObject({ code: 2 });
    expect(await user.anode("hook", "pretooluse")).toMatchObject({ code: 2, err: expect.stringContaining("--backend") });
  });
});

describe("with a daemon", () => {
  // It is put to whoever approves, with all that matters, and allowed by an allow.
  verifiesWith("mesh.hooks.approval", "cli", async () => {
    const user = newUser();
    const { manager } = await scriptedDaemon(user);
    const ended = hook(user, call);
    const [question] = await eventually(async () => {
      const { questions } = await manager.questions({ status: "open" });
      return questions.length > 0 && questions;
    });
    expect(question).toMatchObject({
      question_id: "pretool-toolu_01ABC",
      scope: "tool_permission",
      kind: "choice",
      prompt: "Bash: ls -la",
      options: [{ id: "allow" }, { id: "deny" }],
      origin: "claude-code",
      metadata: {
        tool: "Bash",
        input: '{"command":"ls -la"}',
        input_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        cwd: "/repo",
        session_id: "s-1",
      },
    });
    expect(question?.metadata).not.toHaveProperty("truncated");
    expect((await user.anode("answer", "pretool-toolu_01ABC", "y", "--message", "once")).code).toBe(0);
    const { code, out, err } = await ended;
    expect({ code, err, ...JSON.parse(out) }).toEqual({
      code: 0,
      err: "",
      hookSpecificOutput: { hookEventName: "PreToolUse", permissionDecision: "allow", permissionDecisionReason: "Allowed: once" },
    });
  });

  it("is denied with the true reason: by a person, the time, a shutdown", async () => {
    const user = newUser();
    const daemon = await scriptedDaemon(user);
    const denied = hook(user, call);
    await eventually(() => daemon.manager.desk.openCount === 1);
    await user.anode("answer", "pretool-toolu_01ABC", "--deny", "--message", "not on a Friday");
    expect(await denied).toMatchObject({ code: 2, out: "", err: "anode: Not allowed (denied): not on a Friday\n" });
    const held = hook(user, { ...call, tool_use_id: "toolu_03" });
    await eventually(() => daemon.manager.desk.openCount === 1);
    await daemon.close();
    expect(await held).toMatchObject({ code: 2, out: "", err: "anode: Not allowed (shutdown)\n" });
    const later = newUser();
    configure(later, { hooks: { approval: { wait_ms: 50 } } });
    await scriptedDaemon(later);
    expect(await hook(later, call)).toMatchObject({ code: 2, err: "anode: Not allowed (timed_out)\n" });
  });

  it("takes the question back when the runtime ends it", async () => {
    const user = newUser();
    const { manager } = await scriptedDaemon(user);
    const { child, ended } = start(user);
    child.stdin?.end(JSON.stringify(call));
    await eventually(() => manager.desk.openCount === 1);
    child.kill("SIGKILL");
    await ended;
    await eventually(() => manager.desk.openCount === 0);
    expect(await manager.desk.get("pretool-toolu_01ABC")).toMatchObject({ outcome: "denied", decision: "deny", reason: "canceled" });
  });

  it("puts an input of any size and script, cut where it must be, and says so", async () => {
    const user = newUser();
    const { manager } = await scriptedDaemon(user);
    const texts = ["x".repeat(200_000), "漢".repeat(20_000), '"\\\n'.repeat(20_000), "\u0000\u001b[2J".repeat(5_000)];
    for (const [at, content] of texts.entries()) {
      const ended = hook(user, {
        ...call,
        tool_name: "Write",
        tool_use_id: `toolu_${at}.x y`,
        tool_input: { file_path: "a.txt", content },
      });
      const [question] = await eventually(async () => {
        const { questions } = await manager.questions({ status: "open" });
        return questions.length > 0 && questions;
      });
      expect(question).toMatchObject({ prompt: "Write: a.txt", metadata: { truncated: true } });
      expect(question?.question_id).toMatch(/^pretool-[0-9a-f]{64}$/);
      const input = question?.metadata?.["input"] as string;
      expect(JSON.stringify({ file_path: "a.txt", content }).startsWith(input)).toBe(true);
      expect(input.length).toBeLessThanOrEqual(8_000);
      await manager.desk.answer(question?.question_id ?? "", { option_id: "deny" }, { id: "ann", door: "unix", scopes: ["admin"] });
      expect((await ended).code).toBe(2);
    }
  });

  it.each<[string, object, string, unknown]>([
    ["codex", { ...call, tool_name: "apply_patch" }, "codex", undefined],
    [
      "codex, asked for its own approval",
      { ...call, hook_event_name: "PermissionRequest" },
      "codex",
      { hookSpecificOutput: { hookEventName: "PermissionRequest", decision: { behavior: "allow" } } },
    ],
    [
      "gemini",
      { ...call, hook_event_name: "BeforeTool", tool_name: "run_shell_command", tool_use_id: undefined },
      "gemini",
      { decision: "allow" },
    ],
  ])("speaks to %s as it wants it", async (_, input, backend, output) => {
    const user = newUser();
    const { manager } = await scriptedDaemon(user);
    const ended = hook(user, input, { backend });
    const [question] = await eventually(async () => {
      const { questions } = await manager.questions({ status: "open" });
      return questions.length > 0 && questions;
    });
    await user.anode("answer", question?.question_id ?? "", "--option", "allow");
    const { code, out } = await ended;
    expect([code, out === "" ? undefined : JSON.parse(out)]).toEqual([0, output]);
  });
});

describe("a tool call goes its own way, without a word,", () => {
  it.each<[string, object, string, string]>([
    ["when approval is off", { enabled: false }, "Bash", "claude-code"],
    ["when the tool is not gated", {}, "Read", "claude-code"],
    ["when its name only begins as a gated one", {}, "BashOutput", "claude-code"],
    ["when others are gated than by default", { gated_tools: ["mcp__*", "Write|Edit"] }, "Bash", "claude-code"],
    ["when gemini reads", {}, "read_file", "gemini"],
  ])("%s", async (_, approval, tool_name, backend) => {
    const user = newUser();
    configure(user, { hooks: { approval } });
    const hook_event_name = backend === "gemini" ? "BeforeTool" : "PreToolUse";
    expect(await hook(user, { ...call, hook_event_name, tool_name }, { backend })).toEqual({ code: 0, signal: null, out: "", err: "" });
  });

  it.each(["mcp__files__write", "Write", "Edit"])("but not %s, which a glob or a name of the configuration gates", async (tool_name) => {
    const user = newUser();
    configure(user, { hooks: { approval: { gated_tools: ["mcp__*", "Write|Edit"] } } });
    expect((await hook(user, { ...call, tool_name })).code).toBe(2);
  });
});
