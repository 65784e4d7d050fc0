import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCheck } from "../../../../lib/agent/review/check.js";
import { findChecks } from "../../../../lib/agent/review/find-checks.js";
import { withChecks } from "../../../../lib/agent/review/with-checks.js";
import { functionExecutor } from "../../../../lib/runs/function-executor.js";
import type { RunContext } from "../../../../lib/runs/executor.js";
import { eventsOf, openManager } from "../../../support/manager.js";

const head = (fields: string, body = "Look for it."): string => `---\n${fields}\n---\n${body}\n`;

describe("readCheck", () => {
  it("takes the file's name, its first line and warning where nothing else is said", () => {
    expect(readCheck("# No globals\nLook.", "globals")).toMatchObject({ name: "globals", description: "No globals", severity: "warning" });
    expect(readCheck("x", "x").fits("any/file.ts")).toBe(true);
  });

  it.for(["severity", "severity-default"])("reads %s", (field) => {
    expect(readCheck(head(`${field}: error`), "x").severity).toBe("error");
  });

  it.for([
    ["paths: src/**, *.md", "src/a/b.ts", true],
    ["paths: src/**, *.md", "docs/a.md", true],
    ["paths: src/**", "lib/a.ts", false],
    ["path: ['lib/*.{ts,js}', \"x\"]", "lib/a.js", true],
    ["path: [lib/*.{ts,js}]", "lib/deep/a.js", false],
    ["paths: ./src/*", "src/.hidden", true],
  ] as const)("by %s is about %s: %s", ([field, path, fits]) => {
    expect(readCheck(head(field), "x").fits(path)).toBe(fits);
  });

  it("asks a glob of a workspace no longer for many stars, nor for many choices", () => {
    expect(readCheck(head(`paths: ${"*a".repeat(30)}*b`), "x").fits(`src/${"a".repeat(250)}`)).toBe(false);
    expect(() => readCheck(head(`paths: ${"{a,b}".repeat(7)}`), "x")).toThrow("more than 64 choices");
  });

  it("reads tools as a list", () => {
    expect(readCheck(head("tools: [read, grep]"), "x").tools).toEqual(["read", "grep"]);
  });

  it.for([
    ["name: a/b", "without slashes"],
    ["name: a\\b", "without slashes"],
    ["severity: fatal", "must be one of error, warning, info"],
  ] as const)("refuses %s", ([field, sentence]) => {
    expect(() => readCheck(head(field), "x")).toThrow(sentence);
  });

  it("refuses a check that says nothing", () => {
    expect(() => readCheck(head("name: x", " "), "x")).toThrow("says nothing");
  });
});

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "checks-")));
});
afterEach(() => rmSync(root, { recursive: true }));
function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe("findChecks", () => {
  it("takes those of the root for all files, and the nearest above a file for that file alone", async () => {
    write(".agents/checks/root.md", "root");
    write("a/.agents/checks/a.md", head("paths: src/**"));
    write("a/b/.agents/checks/b.md", "b");
    const names = async (...files: string[]) => (await findChecks(root, files)).checks.map(({ name }) => name);
    expect(await names("x.ts")).toEqual(["root"]);
    expect(await names("a/src/x.ts")).toEqual(["root", "a"]);
    expect(await names("a/other.ts")).toEqual(["root"]);
    expect(await names("a/b/c/x.ts")).toEqual(["root", "b"]);
    expect(await findChecks(root, [])).toEqual({ checks: [], broken: [] });
  });

  it("tells of a broken one, of a link out of the workspace and of a folder, and goes on", async () => {
    write(".agents/checks/bad.md", head("severity: fatal"));
    write(".agents/checks/good.md", "good");
    mkdirSync(join(root, ".agents/checks/folder.md"));
    symlinkSync("/etc/hostname", join(root, ".agents/checks/out.md"));
    const { broken, checks } = await findChecks(root, ["x"]);
    expect(checks.map(({ name }) => name)).toEqual(["good"]);
    expect(broken.map((text) => text.split(" ")[0])).toEqual(["bad", "folder", "out"].map((name) => `.agents/checks/${name}.md`));
    expect(broken.join("\n")).toContain("it is a link out of the workspace");
  });

  it("cuts a file at 64 KiB before it is read", async () => {
    write(".agents/checks/long.md", "ü".repeat(64 * 1024));
    const [check] = (await findChecks(root, ["x"])).checks;
    expect(check?.body).toBe("ü".repeat(32 * 1024));
  });
});

describe("withChecks", () => {
  const changes = { text: "the diff", files: ["x.ts"] };

  async function review(count: number, child: (context: RunContext) => Promise<string>, work = async () => "reviewed") {
    const checks = Array.from({ length: count }, (_, index) =>
      readCheck(head(`severity: ${index === 0 ? "error" : "info"}\ntools: read`), `c${index}`),
    );
    const executor = functionExecutor((context) => (context.request.parent_id === undefined ? work() : child(context)), { tools: true });
    const manager = await openManager(withChecks(executor, { checks, broken: ["bad.md is skipped: why."] }, changes));
    const { id } = await manager.start({ prompt: "review" });
    const summary = await manager.wait(id);
    return { summary, events: await eventsOf(manager, id), manager };
  }

  it("runs each check as a child with the changes, its severity and its tools, and tells what it found", async () => {
    const prompts: string[] = [];
    const { events, summary } = await review(2, async ({ request }) => {
      prompts.push(request.prompt);
      expect(request.tools).toEqual(["read"]);
      return "x.ts:1 is wrong";
    });
    expect(summary).toMatchObject({ status: "completed", result: "reviewed" });
    expect(prompts[0]).toMatch(/c0[^]*severity error[^]*Look for it\.[^]*the diff/);
    const told = events.filter(({ type }) => /^(check\.|system\.notice)/.test(type)).map(({ type, payload }) => ({ type, ...payload }));
    expect(told).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: "system.notice", code: "check_skipped", text: "bad.md is skipped: why." }),
        { type: "check.started", name: "c0", severity: "error" },
        { type: "check.completed", name: "c0", severity: "error", findings: "x.ts:1 is wrong" },
        { type: "check.completed", name: "c1", severity: "info", findings: "x.ts:1 is wrong" },
      ]),
    );
    expect(events.filter(({ type }) => type === "run.child_started")).toHaveLength(2);
  });

  it("runs four at a time", async () => {
    let running = 0;
    let most = 0;
    await review(10, async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return "";
    });
    expect(most).toBe(4);
  });

  it("keeps the review's own end when a check fails, and waits for checks when the review fails", async () => {
    const failing = await review(1, async () => {
      throw new Error("no luck");
    });
    expect(failing.summary.status).toBe("completed");
    expect(failing.events.find(({ type }) => type === "check.completed")?.payload["findings"]).toContain("was not done: no luck");
    const failed = await review(
      1,
      async () => "found",
      async () => {
        throw new Error("the model is gone");
      },
    );
    expect(failed.summary).toMatchObject({ status: "failed", error: "the model is gone" });
    expect(failed.events.some(({ type }) => type === "check.completed")).toBe(true);
  });
});
