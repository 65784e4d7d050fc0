import { existsSync, readdirSync, readFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { agentUser } from "../support/agent-user.js";
import { eventually } from "../support/daemon.js";
import { programPath } from "../support/program.js";

const line = (text: string): string => `${JSON.stringify({ type: "user", text })}\n`;
const eventsIn = (out: string) =>
  out
    .trimEnd()
    .split("\n")
    .map((one) => JSON.parse(one) as { type: string; payload: Record<string, unknown> });
const threadIn = (text: string): string => /T-[0-9a-f-]{36}/.exec(text)?.[0] ?? "";

describe("anode execute", () => {
  it("says what the model says on stdout, and the rest on stderr", async () => {
    const user = await agentUser();
    const { code, err, out } = await user.type(["execute", "#script! say Hello", "there"]);
    expect([code, out]).toEqual([0, "Hello there\n"]);
    expect(err).toMatch(/anode: thread T-[^]*anode: completed \(end_turn, /);
    expect(user.fake.requests).toMatchObject([{ model: "gpt-5.5", ended: "finished" }]);
    expect(existsSync(join(user.home, "daemon.json"))).toBe(false);
  });

  it("takes the prompt from standard input, as exec and as -x", async () => {
    const user = await agentUser();
    expect(await user.type(["exec"], "#script! say from stdin")).toMatchObject({ code: 0, out: "from stdin\n" });
    expect(await user.type(["-x", "#script! say short"])).toMatchObject({ code: 0, out: "short\n" });
    expect(await user.type(["execute"], " ")).toMatchObject({ code: 2, out: "", err: expect.stringContaining("execute needs a prompt") });
  });

  it("hands the prompt to a profile that is a command", async () => {
    const user = await agentUser({
      profiles: { craft: { executor: { kind: "process", command: "cat" } } },
      daemon: { commands: { cat: { argv: ["cat"] } } },
    });
    expect(await user.type(["execute", "hello", "there"])).toMatchObject({ code: 0, out: "hello there" });
  });

  it("goes on with a thread, and names one that is not there", async () => {
    const user = await agentUser();
    const first = await user.type(["execute", "#script! say One"]);
    const second = await user.type(["execute", "--session", threadIn(first.err), "go on"]);
    expect([second.code, second.out]).toEqual([0, "Done.\n"]);
    // The model saw the first answer before the second prompt.
    expect(user.fake.requests.map(({ turn }) => turn)).toEqual([0, 1]);
    expect(threadIn(second.err)).toBe(threadIn(first.err));
    const none = await user.type(["execute", "--session", "T-0199c7fe-a000-7000-8000-000000000000", "x"]);
    expect([none.code, none.out]).toEqual([2, ""]);
    expect(none.err).toContain("There is no thread");
  });

  it("denies what nobody is there to allow, and does what the mode allows", async () => {
    const user = await agentUser();
    const denied = await user.type(["execute", "--stream-json", "#script! write made.txt x | say end"]);
    expect(denied.code).toBe(0);
    expect(eventsIn(denied.out).find(({ type }) => type === "question.closed")?.payload).toMatchObject({
      outcome: "denied",
      reason: "no_approver",
    });
    expect(existsSync(join(user.work, "made.txt"))).toBe(false);
    const allowed = await user.type(["execute", "--approval", "unrestricted", "#script! write made.txt x | say end"]);
    expect([allowed.code, allowed.out, existsSync(join(user.work, "made.txt"))]).toEqual([0, "end\n", true]);
  });

  it("offers the model only tools that --allow-tool names", async () => {
    const user = await agentUser();
    await user.type(["execute", "--allow-tool", "read,g*", "--allow-tool", "nothing", "#script! say x"]);
    expect([...(user.fake.requests[0]?.tools ?? [])].sort()).toEqual(["glob", "grep", "read"]);
  });

  it("prints events as JSON lines, and growing texts only when asked", async () => {
    const user = await agentUser();
    const plain = eventsIn((await user.type(["execute", "--stream-json", "#script! say a b c"])).out);
    expect(plain[0]).toMatchObject({ seq: 1, type: "run.queued" });
    expect(plain.at(-1)).toMatchObject({ type: "run.completed" });
    expect(plain.every((event) => "seq" in event)).toBe(true);
    const grown = eventsIn((await user.type(["execute", "--stream-json", "--previews", "#script! slow 5 30"])).out);
    expect(grown.some(({ type }) => type === "assistant.delta")).toBe(true);
  });

  it("does each line of standard input as a task, and ends after the last one", async () => {
    const user = await agentUser();
    const lines = line("#script! say one") + line("#script! say two") + line("#script! say three");
    const { code, out } = await user.type(["execute", "--stream-json", "--stream-json-input"], lines);
    const events = eventsIn(out);
    expect(code).toBe(0);
    expect(events.filter(({ type }) => type === "assistant.message").map(({ payload }) => payload["text"])).toEqual([
      "one",
      "two",
      "three",
    ]);
    expect(events.at(-1)?.type).toBe("run.completed");
  });

  it("cancels the run at a line that is no input, exit 2", async () => {
    const user = await agentUser();
    const { code, err, out } = await user.type(
      ["execute", "--stream-json", "--stream-json-input", "#script! hang"],
      `${line("more")}nonsense\n`,
    );
    expect([code, eventsIn(out).at(-1)?.type]).toEqual([2, "run.canceled"]);
    expect(err).toContain("Line 2 of standard input must be");
    expect(await user.type(["execute", "--stream-json", "--stream-json-input"])).toMatchObject({ code: 2, out: "" });
  });

  it("archives the thread and tells what the run took", async () => {
    const user = await agentUser();
    const { code, err } = await user.type(["execute", "--archive", "--stats", "#script! say a b"]);
    expect(code).toBe(0);
    expect(err).toMatch(/turns +1\n/);
    expect(err).toMatch(/input tokens +100\n/);
    expect(err).toContain(`${threadIn(err)}, archived`);
    const [folder = ""] = readdirSync(join(user.home, "sessions"));
    const meta = readFileSync(join(user.home, "sessions", folder, `${threadIn(err)}.meta.json`), "utf8");
    expect(JSON.parse(meta)).toMatchObject({ archived: true, title: "#script! say a b" });
  });

  it("exits as the run ended, with the next step where there is one", async () => {
    const user = await agentUser();
    expect((await user.type(["execute", "#script! error 401"])).code).toBe(1);
    expect(await user.type(["execute", "--model", "nobody/x", "y"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("Known providers"),
    });
    expect(await user.type(["execute", "--profile", "nope", "y"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("Known profiles: craft"),
    });
    delete user.env["OPENAI_API_KEY"];
    expect(await user.type(["execute", "y"])).toMatchObject({ code: 2, err: expect.stringContaining("OPENAI_API_KEY") });
  });

  it("cancels at the first Ctrl-C and waits for the end, exit 130", async () => {
    const user = await agentUser();
    const child = spawn(process.execPath, [programPath, "execute", "--stream-json", "#script! hang"], { cwd: user.work, env: user.env });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (out += part));
    await user.fake.seen((requests) => requests.length === 1);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(eventsIn(out).at(-1)?.type).toBe("run.canceled");
    await user.fake.seen(([request]) => request?.ended === "by-client");
  });

  it("kills what the run started at the second Ctrl-C, without waiting for its end", async () => {
    const command = { argv: ["/bin/sh", "-c", "trap '' TERM INT; echo up; while :; do sleep 1; done"], prompt_via: "none" };
    const user = await agentUser({
      profiles: { craft: { executor: { kind: "process", command: "stubborn" } } },
      daemon: { commands: { stubborn: command } },
    });
    const child = spawn(process.execPath, [programPath, "execute", "--stream-json", "x"], { cwd: user.work, env: user.env });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (out += part));
    await eventually(() => (out.includes("process.output") ? true : undefined));
    child.kill("SIGINT");
    await eventually(() => (out.includes("run.cancel_requested") ? true : undefined));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    const of = (wanted: string) => eventsIn(out).flatMap(({ type, payload }) => (type === wanted ? [payload] : []));
    // The run's own stop would have said so before it killed, when its grace was over.
    expect(of("process.signal").map(({ signal }) => signal)).toEqual(["SIGTERM"]);
    const pid = Number(of("process.started")[0]?.["pid"]);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  it("cancels the run when nobody reads its output, exit 0", async () => {
    const user = await agentUser();
    const child = spawn(process.execPath, [programPath, "execute", "--stream-json", "--previews", "#script! slow 2000 10"], {
      cwd: user.work,
      env: user.env,
    });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    child.stderr.resume();
    child.stdout.resume();
    await user.fake.seen((requests) => requests.length === 1);
    child.stdout.destroy();
    expect(await ended).toBe(0);
    await user.fake.seen(([request]) => request?.ended === "by-client");
  });
});

describe("anode execute at a terminal", () => {
  it("shows the call and a lasting rule, and does what is answered: y once, a for good, n not", async () => {
    const user = await agentUser();
    const script = "#script! sh touch 1 | sh touch 2 | sh touch 3 | write 4 four | say end";
    const terminal = user.terminal("execute", script);
    await terminal.shows("Allow bash?");
    await terminal.shows('{"tool":"bash","args":{"command":["touch *"]},"action":"allow"}\r\n');
    terminal.write("y\r");
    await terminal.shows("Allow? y", 2);
    expect(terminal.shown()).toContain("Allow bash? touch 2");
    expect(existsSync(join(user.work, "1"))).toBe(true);
    terminal.write("a\r");
    await terminal.shows("Allow? y", 3);
    expect(terminal.shown()).toContain("Allow create_file? 4");
    expect([existsSync(join(user.work, "2")), existsSync(join(user.work, "3"))]).toEqual([true, true]);
    expect(terminal.shown()).not.toContain("Allow bash? touch 3");
    expect(terminal.shown()).toMatch(/\{"tool":"create_file","args":\{"path":\["4"\]\},"action":"allow"\}\r\n/);
    terminal.write("n\r");
    expect(await terminal.ended).toBe(0);
    expect(existsSync(join(user.work, "4"))).toBe(false);
  });

  it("shows no control character of a call as one", async () => {
    const user = await agentUser();
    const terminal = user.terminal(
      "execute",
      `#script! tool bash ${JSON.stringify({ command: "echo \u001b]0;owned\u0007 \u202e" })} | say end`,
    );
    await terminal.shows("Allow bash?");
    await terminal.shows("Allow? y");
    expect(terminal.shown()).not.toMatch(/\u001b\]0;owned|\u202e/);
    terminal.write("n\r");
    expect(await terminal.ended).toBe(0);
  });

  it("cancels at Ctrl-C while it asks, exit 130", async () => {
    const user = await agentUser();
    const terminal = user.terminal("execute", "#script! sh echo one > 1 | say end");
    await terminal.shows("Allow? y");
    terminal.write("\u0003");
    expect(await terminal.ended).toBe(130);
    expect(existsSync(join(user.work, "1"))).toBe(false);
  });
});

describe("anode review", () => {
  it("says so where nothing changed, and refuses a folder that is no repository", async () => {
    const user = await agentUser();
    expect(await user.type(["review"])).toMatchObject({ code: 2, out: "", err: expect.stringContaining("not in a git repository") });
    user.git("init", "-q");
    expect(await user.type(["review"])).toMatchObject({ code: 0, out: "Nothing to review\n" });
    expect(user.fake.requests).toEqual([]);
  });

  it("hands the changes to a run that only reads, with base and focus", async () => {
    const user = await agentUser();
    user.git("init", "-q", "-b", "main");
    user.write("a.txt", "1\n");
    user.git("add", ".");
    user.git("commit", "-qm", "one");
    user.git("checkout", "-qb", "topic");
    // The last line of the prompt is the model's script.
    user.write("a.txt", "1\n#script! say looks good\n");
    user.git("commit", "-qam", "two");
    const { code, err, out } = await user.type(["review", "--base", "main", "--stream-json", "all", "names"]);
    expect([code, err]).toEqual([0, ""]);
    const events = eventsIn(out);
    expect(events[0]?.payload).toMatchObject({
      profile: "review",
      prompt: expect.stringMatching(/above all at: all names[^]*Changes since the merge base with main[^]*\+#script/),
    });
    expect(events.at(-1)?.payload["result"]).toBe("looks good");
    expect(user.fake.requests[0]?.tools).not.toContain("bash");
    expect(await user.type(["review", "--base", "nowhere"])).toMatchObject({ code: 2, err: expect.stringContaining("nowhere") });
  });

  it("runs the checks that fit what changed and prints what they found", async () => {
    const user = await agentUser();
    user.git("init", "-q");
    user.write(".agents/checks/names.md", "---\nseverity: error\npaths: src/**\n---\nNames.\n");
    user.write(".agents/checks/docs.md", "---\npaths: docs/**\n---\nDocs.\n");
    user.write(".agents/checks/broken.md", "---\nseverity: fatal\n---\nx\n");
    user.write("src/x.ts", "#script! say found it");
    const { code, err, out } = await user.type(["review", "--checks"]);
    expect(code).toBe(0);
    expect(out.split("\n").sort()).toEqual(["", "[error] names: found it", "found it"]);
    expect(err).toContain(".agents/checks/broken.md is skipped");
  });
});

describe("anode tools", () => {
  it("lists the tools of a profile with level and source, those of servers and toolboxes too", async () => {
    const server = new URL("../support/mcp-server.mjs", import.meta.url).pathname;
    const user = await agentUser({ mcpServers: {} });
    user.write("box/hi", '#!/bin/sh\n[ "$TOOLBOX_ACTION" = describe ] && echo \'{"name":"hi","description":"Says hi"}\'\nexit 0\n');
    user.env["ANODE_TOOLBOX"] = join(user.work, "box");
    const { chmodSync, writeFileSync } = await import("node:fs");
    chmodSync(join(user.work, "box/hi"), 0o755);
    writeFileSync(join(user.home, "mcp.json"), JSON.stringify({ mcpServers: { files: { command: process.execPath, args: [server] } } }), {
      mode: 0o600,
    });
    const { code, out } = await user.type(["tools"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^NAME +LEVEL +SOURCE\nread +auto_read +built-in\n/);
    expect(out).toMatch(/tb__hi +confirm_execute +toolbox\n/);
    expect(out).toMatch(/mcp__files__\w+ +confirm_execute +mcp files\n/);
    const review = await user.type(["tools", "--profile", "review", "--json"]);
    const { tools } = JSON.parse(review.out) as { tools: { name: string }[] };
    expect(tools.map(({ name }) => name)).toEqual(["read", "multi_read", "finder", "glob", "grep", "todo_read", "web_search"]);
    expect(user.fake.requests).toEqual([]);
  });
});

describe("anode config and mcp trust", () => {
  it("finds what is wrong, and lets a trusted workspace count", async () => {
    const user = await agentUser({ model: "nobody/x", tools: { disabled: ["no_such_tool"] }, profile: "nope" });
    const warned = await user.type(["config", "doctor"]);
    expect(warned.code).toBe(0);
    for (const named of ['the provider "nobody"', '"no_such_tool", which fits no tool', '"nope", which is not defined'])
      expect(warned.out).toContain(named);
    expect(warned.out).toMatch(/\nConfig doctor passed\.\n$/);
    expect((await user.type(["mcp", "trust"])).code).toBe(0);
    expect((await user.type(["mcp", "approve", "--list"])).out).toContain(user.work);
    user.write("hooks.json", '{"hooks":{"PreToolUse":[{"matcher":"(","hooks":[]}]}}');
    const failed = await user.type(["config", "doctor"]);
    expect([failed.code, failed.out.includes("passed")]).toEqual([1, false]);
    expect((await user.type(["config", "path"])).out).toBe(`${join(user.home, "config.json")}\n`);
  });
});
