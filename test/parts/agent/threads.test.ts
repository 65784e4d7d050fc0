import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createThreadStore, type ThreadStore } from "../../../lib/agent/threads/thread-store.js";
import { lockThread } from "../../../lib/agent/threads/thread-lock.js";
import { createThreadService } from "../../../lib/agent/threads/thread-service.js";
import { temporaryFolder } from "../../support/agent.js";

const details = { runId: "R-1", cwd: "/work", profile: "craft", model: "openai/gpt-5.5" };
const user = (text: string) => ({ role: "user" as const, content: [{ type: "text" as const, text }] });
const assistant = (text: string) => ({ role: "assistant" as const, content: [{ type: "text" as const, text }] });
const ended = { status: "completed", stop_reason: "end_turn", model: "openai/gpt-5.5" };

function store(options: { maxSessions?: number; autoSave?: boolean } = {}): {
  threads: ThreadStore;
  storePath: string;
  pass: (ms: number) => void;
} {
  const storePath = join(temporaryFolder(), "sessions");
  let now = 1_760_000_000_000;
  return { threads: createThreadStore({ storePath, now: () => now, ...options }), storePath, pass: (ms) => (now += ms) };
}

/** A thread of the workspace that has ended. */
async function written(threads: ThreadStore, text: string, cwd = "/work"): Promise<string> {
  const thread = threads.begin({ ...details, cwd });
  thread.begin(text);
  thread.write([user(text), assistant(`did ${text}`)]);
  await thread.end(ended);
  return thread.id as string;
}

describe("A new thread", () => {
  it("makes its file with the first message of the user, for its owner alone, in the folder of its workspace", async () => {
    const { threads, storePath } = store();
    const thread = threads.begin(details);
    expect(() => readdirSync(storePath)).toThrow();
    thread.begin("look at\n the tests");
    const folder = join(storePath, createHash("sha256").update("/work").digest("hex").slice(0, 16));
    const file = join(folder, `${thread.id}.jsonl`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    thread.write([user("look"), assistant("done")]);
    expect(await thread.end({ ...ended, usage: { input_tokens: 1 }, cost_usd: 0.5 })).toBe(true);
    const lines = readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    const time = "2025-10-09T08:53:20.000Z";
    expect(lines).toEqual([
      { t: "thread", v: 1, id: thread.id, workspace: "/work", created_at: time, profile: "craft", model: "openai/gpt-5.5" },
      { t: "message", run_id: "R-1", time, ...user("look") },
      { t: "message", run_id: "R-1", time, ...assistant("done") },
      { t: "run", run_id: "R-1", ...ended, usage: { input_tokens: 1 }, cost_usd: 0.5, time },
    ]);
    expect(threads.list("/work")).toEqual([{ session_id: thread.id, title: "look at the tests", updated_at: time, archived: false }]);
  });

  it("has an id that is a UUID of version 7 and orders by time", () => {
    const { threads, pass } = store();
    const first = threads.begin(details).id as string;
    pass(1);
    const second = threads.begin(details).id as string;
    expect(first).toMatch(/^T-0199c82c-c000-7\w{3}-[89ab]\w{3}-\w{12}$/);
    expect(first < second).toBe(true);
  });

  it("leaves nothing when it has no message, and nothing at all when nothing is to be saved", async () => {
    const { threads } = store();
    expect(await threads.begin(details).end(ended)).toBe(false);
    const { threads: unsaved, storePath } = store({ autoSave: false });
    const thread = unsaved.begin(details);
    thread.begin("x");
    expect([thread.id, await thread.end(ended)]).toEqual([undefined, false]);
    expect(() => readdirSync(storePath)).toThrow();
  });
});

describe("A thread that goes on", () => {
  it("keeps no part of a line that the disk has no room for", async () => {
    const { threads, storePath } = store();
    const id = await written(threads, "small");
    const module = new URL("../../../lib/agent/threads/thread-store.ts", import.meta.url).href;
    const code = `
      const { createThreadStore } = await import(${JSON.stringify(module)});
      const thread = createThreadStore({ storePath: ${JSON.stringify(storePath)}, now: Date.now }).resume("/work", ${JSON.stringify(id)}, "R-2");
      const said = (text) => [{ role: "user", content: [{ type: "text", text }] }];
      try { thread.write(said("x".repeat(100_000))); } catch ({ code }) { console.log(code); }
      thread.write(said("after"));`;
    const hooks = new URL("../../support/source-hooks.mjs", import.meta.url).href;
    const limited = ["-c", 'ulimit -f 64; exec "$@"', "sh", process.execPath, "--import", hooks, "--input-type=module", "--eval", code];
    const { stdout, stderr } = spawnSync("/bin/sh", limited, { encoding: "utf8" });
    expect(stdout, stderr).toBe("EFBIG\n");
    expect(threads.read("/work", id).map(({ content }) => content[0])).toEqual(
      [user("small"), assistant("did small"), user("after")].map(({ content }) => content[0]),
    );
  });

  it("begins with its messages and appends to them", async () => {
    const { threads } = store();
    const id = await written(threads, "one");
    const thread = threads.resume("/work", id, "R-2");
    expect(thread.messages.map(({ message }) => message)).toEqual([user("one"), assistant("did one")]);
    thread.begin("two");
    thread.write([user("two")]);
    await thread.end(ended);
    expect(threads.read("/work", id)).toEqual([user("one"), assistant("did one"), user("two")]);
    expect(threads.list("/work")[0]?.title).toBe("one");
  });

  it("begins with the summary and what the last compaction kept", async () => {
    const { threads } = store();
    const id = await written(threads, "one");
    const thread = threads.resume("/work", id, "R-2");
    const keptFrom = thread.nextLine;
    thread.write([user("two"), assistant("did two")]);
    thread.compact("all about one", keptFrom);
    thread.write([user("three")]);
    await thread.end(ended);
    const resumed = threads.resume("/work", id, "R-3");
    resumed.close();
    expect(resumed.messages.map(({ message }) => message.content[0])).toMatchObject([
      { text: expect.stringContaining("all about one") },
      { text: "two" },
      { text: "did two" },
      { text: "three" },
    ]);
    expect(resumed.messages.map(({ line }) => line)).toEqual([undefined, 5, 6, 8]);
  });

  it("leaves out a torn last line, begins a new one after it, and answers calls that have no result", () => {
    const { threads, storePath } = store();
    const thread = threads.begin(details);
    thread.begin("x");
    const call = { type: "tool_call" as const, call_id: "c1", name: "bash", args: { command: "ls" } };
    thread.write([user("x"), { role: "assistant", content: [call] }]);
    thread.close();
    const file = join(storePath, readdirSync(storePath)[0] as string, `${thread.id}.jsonl`);
    appendFileSync(file, '{"t":"message","role":"to');
    const resumed = threads.resume("/work", thread.id as string, "R-2");
    expect(resumed.messages.at(-1)?.message).toMatchObject({
      role: "tool",
      content: [{ call_id: "c1", ok: false, output: expect.stringContaining("error: interrupted") }],
    });
    resumed.write([user("again")]);
    resumed.close();
    expect(threads.read("/work", thread.id as string).at(-1)).toEqual(user("again"));
  });

  it.each([
    ["another workspace's", (id: string) => ["/elsewhere", id]],
    ["one that is not there", () => ["/work", "T-0199c7fe-a000-7000-8000-000000000000"]],
    ["a path in disguise", (id: string) => ["/work", `../${id}`]],
  ])("is refused when it is %s", async (_name, place) => {
    const { threads } = store();
    const [cwd, id] = place(await written(threads, "one")) as [string, string];
    expect(threads.has(cwd, id)).toBe(false);
    expect(() => threads.resume(cwd, id, "R-2")).toThrow(expect.objectContaining({ code: "session_not_found", status: 422 }));
  });

  it("is busy while a run is on it, in this process and in others, until that has ended or died", async () => {
    const { threads, storePath } = store();
    const id = await written(threads, "one");
    const held = threads.resume("/work", id, "R-2");
    expect(() => threads.resume("/work", id, "R-3")).toThrow(expect.objectContaining({ code: "session_busy" }));
    await held.end(ended);
    const lock = join(storePath, readdirSync(storePath)[0] as string, `${id}.lock`);
    const holder = spawn(process.execPath, [
      "--no-warnings",
      "--eval",
      `const db = new (require("node:sqlite").DatabaseSync)(${JSON.stringify(lock)}); db.exec("BEGIN EXCLUSIVE"); console.log("held"); setInterval(() => db, 1000);`,
    ]);
    onTestFinished(() => void holder.kill("SIGKILL"));
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    expect(() => threads.resume("/work", id, "R-3")).toThrow(expect.objectContaining({ code: "session_busy" }));
    holder.kill("SIGKILL");
    await new Promise((resolve) => holder.once("exit", resolve));
    threads.resume("/work", id, "R-3").close();
  });
});

describe("The threads of a workspace", () => {
  it("are listed newest first without the archived ones, and each folder of a git work tree is the same workspace", async () => {
    const { threads, pass } = store();
    const root = temporaryFolder();
    mkdirSync(join(root, ".git"));
    mkdirSync(join(root, "deep/er"), { recursive: true });
    const ids: string[] = [];
    for (const text of ["one", "two", "three"]) {
      pass(1000);
      ids.push(await written(threads, text, join(root, "deep/er")));
    }
    threads.archive(root, ids[1] as string);
    expect(threads.list(root).map(({ session_id }) => session_id)).toEqual([ids[2], ids[0]]);
    expect(threads.has(join(root, "deep"), ids[0] as string)).toBe(true);
  });

  it("lose the least recently used beyond the limit, but no archived one and none that is in use", async () => {
    const { threads, storePath, pass } = store({ maxSessions: 2 });
    const make = (text: string): Promise<string> => {
      pass(1000);
      return written(threads, text);
    };
    const archived = await make("kept");
    threads.archive("/work", archived);
    const [first, second] = [await make("first"), await make("second")];
    const held = threads.resume("/work", first, "R-9");
    const third = await make("third");
    held.close();
    expect(
      threads
        .list("/work")
        .map(({ session_id }) => session_id)
        .sort(),
    ).toEqual([first, second, third].sort());
    const fourth = await make("fourth");
    expect(threads.list("/work").map(({ session_id }) => session_id)).toEqual([fourth, third]);
    const names = readdirSync(join(storePath, readdirSync(storePath)[0] as string));
    expect(names.filter((name) => name.startsWith(first))).toEqual([]);
    expect(names).toContain(`${archived}.jsonl`);
  });

  it("can be made for a hand-off, with the first message there already", () => {
    const { threads } = store();
    const id = threads.handOff({ ...details, from: "T-1", text: "go on with the parser" });
    expect(threads.read("/work", id)).toEqual([user("go on with the parser")]);
    threads.resume("/work", id, "R-2").close();
  });

  it("survive a broken meta file", async () => {
    const { threads, storePath } = store();
    const id = await written(threads, "one");
    writeFileSync(join(storePath, readdirSync(storePath)[0] as string, `${id}.meta.json`), "{");
    expect(threads.list("/work")).toEqual([]);
    expect(threads.has("/work", id)).toBe(true);
  });
});

describe("lockThread", () => {
  it("can be released twice and taken again", () => {
    const path = join(temporaryFolder(), "x.lock");
    const lock = lockThread(path);
    lock.release();
    lock.release();
    lockThread(path).release();
  });
});

describe("The threads as the tools of a run reach them", () => {
  it("are found by title before text, read in parts, and made for a hand-off", async () => {
    const { threads, pass } = store();
    const parser = await written(threads, "mend the Parser");
    pass(1000);
    const other = await written(threads, "tidy up");
    pass(1000);
    const thread = threads.resume("/work", other, "R-2");
    thread.write([user("the parser again")]);
    await thread.end(ended);
    const own = await written(threads, "parser too");
    const service = createThreadService(threads, { ...details, runId: "R-3" }, own);
    expect((await service.find("parser", 10)).map(({ session_id }) => session_id)).toEqual([parser, other]);
    expect(await service.find("nothing of this", 10)).toEqual([]);
    expect(await service.read(other, 0, 2)).toBe("user: tidy up\n\nassistant: did tidy up\n\n[1 more messages, from offset 2]");
    expect(await service.read(other, 2, 2)).toBe("user: the parser again");
    expect(await service.read("T-0199c7fe-a000-7000-8000-000000000000", 0, 2)).toBeUndefined();
    const made = await service.create("go on");
    expect(threads.read("/work", made)).toEqual([user("go on")]);
  });
});
