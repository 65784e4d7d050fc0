import { execFileSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentTool } from "../../../../lib/agent/tool.js";
import { createChildRuns, createChildTools } from "../../../../lib/agent/tools/child-run.js";
import { readChanges } from "../../../../lib/agent/review/changes.js";
import { AnodeError } from "../../../../lib/errors.js";
import type { RunHandle } from "../../../../lib/runs/executor.js";
import type { RunRequest, RunSummary } from "../../../../lib/runs/schema.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";

let agent: AgentRoom;
let started: RunRequest[];
let ends: ((end: Partial<RunSummary>) => void)[];
let canceled: string[];
beforeEach(async () => {
  agent = await openAgentRoom({ request: { approval_mode: "auto" } });
  [started, ends, canceled] = [[], [], []];
  agent = {
    ...agent,
    context: {
      ...agent.context,
      async start(request): Promise<RunHandle> {
        started.push(request);
        const id = `R-${started.length}`;
        const done = new Promise<RunSummary>((resolve) => ends.push((end) => resolve(end as RunSummary)));
        return {
          id,
          done: () => done,
          async *events() {},
          async cancel() {
            canceled.push(id);
            ends[started.length - 1]?.({ status: "canceled" });
            return {} as RunSummary;
          },
        };
      },
    },
  };
});
afterEach(() => agent.close());

function tool(name: string, names: readonly string[] = ["read", "grep"]): AgentTool {
  const found = createChildTools(
    agent.room,
    createChildRuns(agent.room, () => names),
  ).find((one) => one.name === name);
  if (!found) throw new Error(`There is no ${name}.`);
  return found;
}

const use = (of: AgentTool, args: Record<string, unknown>) => of.execute(args, { ...agent.call(), context: agent.context });
/** Waits until so many children were started. */
const count = async (wanted: number) => {
  while (started.length < wanted) await new Promise(setImmediate);
};

describe("task", () => {
  it("starts a child with no more tools and no freer mode, waits, and gives its result", async () => {
    const result = use(tool("task"), { description: "look\nthere", prompt: "do it", profile: "find" });
    await count(1);
    expect(started).toEqual([
      { prompt: "do it", profile: "find", run_label: "look there", approval_mode: "auto", cwd: agent.root, tools: ["read", "grep"] },
    ]);
    ends[0]?.({ status: "completed", result: "done" });
    expect(await result).toMatchObject({ ok: true, text: "done", output: { run_id: "R-1", status: "completed" } });
  });

  it("tells of a child that did not complete, with what it has", async () => {
    const result = use(tool("task"), { description: "x", prompt: "y" });
    await count(1);
    ends[0]?.({ status: "failed", error: "no model", result: "half" });
    expect(await result).toMatchObject({ ok: false, text: "error: failed: the run R-1 ended failed: no model\nhalf" });
  });

  it("has four at once", async () => {
    const task = tool("task");
    const all = Array.from({ length: 6 }, () => use(task, { description: "x", prompt: "y" }));
    await count(4);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect(started).toHaveLength(4);
    ends[1]?.({ status: "completed", result: "" });
    await count(5);
    for (const end of ends) end({ status: "completed", result: "" });
    await count(6);
    ends[5]?.({ status: "completed", result: "" });
    expect((await Promise.all(all)).map(({ text }) => text)).toEqual(Array.from({ length: 6 }, () => "(no result)"));
  });

  it("cancels the child when the call ends", async () => {
    const result = use(tool("task"), { description: "x", prompt: "y" });
    await count(1);
    agent.run.abort();
    await expect(result).rejects.toMatchObject({ code: "canceled" });
    expect(canceled).toEqual(["R-1"]);
  });

  it("gives a refused start as an error with its code", async () => {
    agent = { ...agent, context: { ...agent.context, start: () => Promise.reject(new AnodeError("tree_limit", "Too deep.")) } };
    expect(await use(tool("task"), { description: "x", prompt: "y" })).toMatchObject({
      ok: false,
      text: "error: unavailable: tree_limit: Too deep.",
    });
  });
});

describe("oracle", () => {
  it("hands over task, context and files", async () => {
    await agent.write("a.txt", "inside\n");
    const result = use(tool("oracle"), { task: "why?", context: "because", files: ["a.txt"] });
    await count(1);
    expect(started[0]).toMatchObject({ profile: "oracle", prompt: "why?\n\nContext:\nbecause\n\nFile a.txt:\ninside\n" });
    ends[0]?.({ status: "completed", result: "so" });
    expect((await result).text).toBe("so");
    expect((await use(tool("oracle"), { task: "x", files: ["../home/x"] })).text).toMatch(/^error: denied: /);
  });
});

describe("code_review", { timeout: 30_000 }, () => {
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], {
      cwd: agent.root,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: agent.home },
    });
  const changes = async (base?: string) => {
    const { commands, files, run_id } = agent.room;
    const ground = { run_id, commands, workspace: files.workspace };
    return (await readChanges(ground, { signal: agent.context.signal, ...(base !== undefined && { base }) }))?.text;
  };
  beforeEach(async () => {
    await rm(join(agent.root, ".git"), { recursive: true });
    git("init", "-q", "-b", "main");
    await agent.write("kept.txt", "1\n2\n");
    git("add", ".");
    git("commit", "-qm", "first");
  });

  it("finds nothing where nothing changed, and starts nothing", async () => {
    expect(await changes()).toBeUndefined();
    expect((await use(tool("code_review"), {})).text).toBe("Nothing to review.");
    expect(started).toEqual([]);
  });

  it("shows status, both diffs, statistics and untracked files, binary ones by name only", async () => {
    await agent.write("kept.txt", "1\ntwo\n");
    await agent.write("staged.txt", "staged\n");
    git("add", "staged.txt");
    await agent.write("new.txt", "untracked text\n");
    await agent.write('ü "x\ty', "of an unusual name\n");
    await agent.write("new.bin", "a\0b");
    const text = (await changes()) ?? "";
    expect(text).toContain("git status --short\n M kept.txt\nA  staged.txt\n?? new.bin\n?? new.txt\n");
    expect(text).toMatch(/Unstaged changes\n[^]*\+two[^]*Staged changes\n[^]*\+staged/);
    expect(text).toContain("2 files changed");
    expect(text).toContain("==> new.txt <==\nuntracked text");
    expect(text).toContain("new.bin (not a text)");
    expect(text).toContain('==> ü "x\ty <==\nof an unusual name');
    const result = use(tool("code_review"), { focus: "names" });
    await count(1);
    expect(started[0]).toMatchObject({ profile: "review" });
    expect(started[0]?.prompt).toMatch(/^Review these changes\. Look above all at: names\n\ngit status/);
    ends[0]?.({ status: "completed", result: "fine" });
    expect((await result).text).toBe("fine");
  });

  it("compares with the merge base of a ref", async () => {
    git("checkout", "-qb", "work");
    await agent.write("work.txt", "work\n");
    git("add", ".");
    git("commit", "-qm", "work");
    expect(await changes("main")).toContain("Changes since the merge base with main\n");
    await expect(changes("none")).rejects.toMatchObject({ code: "failed" });
    await expect(changes("--output=x")).rejects.toMatchObject({ code: "failed" });
  });

  it("cuts all diffs together at 120,000 characters, and previews 10 untracked files", async () => {
    await agent.write("kept.txt", `${"ü".repeat(200_000)}\n`);
    for (let index = 10; index < 22; index += 1) await agent.write(`u${index}`, `text of ${index}\n`);
    const text = (await changes()) ?? "";
    expect([...text].filter((character) => character === "ü").length).toBeLessThan(120_000);
    expect(text).toMatch(/\[… \d+ characters omitted …\]/);
    expect(text.match(/==> u\d+ <==/g)).toHaveLength(10);
    expect(text).toContain("\nu21");
  });

  it("runs nothing of the repository's own settings", async () => {
    const mark = join(agent.folder, "ran");
    await writeFile(join(agent.root, ".gitattributes"), "*.txt diff=evil\n");
    git("config", "diff.evil.textconv", `touch ${mark}; cat`);
    git("config", "diff.external", `touch ${mark}`);
    git("config", "core.fsmonitor", `touch ${mark}`);
    git("config", "core.pager", `touch ${mark}`);
    await agent.write("kept.txt", "changed\n");
    expect(await changes()).toContain("+changed");
    await expect(rm(mark)).rejects.toThrow("ENOENT");
  });

  it("is an error where there is no repository", async () => {
    await rm(join(agent.root, ".git"), { recursive: true });
    expect((await use(tool("code_review"), {})).text).toMatch(/^error: unavailable: /);
  });
});
