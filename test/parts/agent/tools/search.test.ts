import { chmod, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFinderTool, matchScore } from "../../../../lib/agent/tools/finder.js";
import { createGlobTool } from "../../../../lib/agent/tools/glob.js";
import { createGrepTool } from "../../../../lib/agent/tools/grep.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";

let agent: AgentRoom;
beforeEach(async () => {
  agent = await openAgentRoom({ env: { PATH: "/usr/bin:/bin" } });
  for (const path of [
    "src/main.ts",
    "src/deep/main.test.ts",
    "src/deep/other.ts",
    "build/out.ts",
    "README.md",
    ".hidden/x.ts",
    "a.log",
    "keep.log",
  ]) {
    await agent.write(path, `first\nthe needle in ${path}\nlast\n`);
  }
  await agent.write(".gitignore", "build/\n*.log\n!keep.log\n");
  await agent.write("src/.gitignore", "other.ts\n");
  await mkdir(join(agent.folder, "outside"));
  await writeFile(join(agent.folder, "outside/secret.ts"), "needle\n");
  await symlink("../outside", join(agent.root, "out"));
});
afterEach(() => agent.close());

const use = async (tool: "finder" | "glob" | "grep", args: Record<string, unknown>) => {
  const make = { finder: createFinderTool, glob: createGlobTool, grep: createGrepTool }[tool];
  return (await agent.use(make(agent.room), args)).text;
};
const lines = async (...of: Parameters<typeof use>) => (await use(...of)).split("\n");

describe("glob", () => {
  it("finds what .gitignore files leave, hidden files included, and never what lies behind a link", async () => {
    expect((await lines("glob", { pattern: "**/*" })).toSorted()).toEqual(
      [".gitignore", ".hidden/x.ts", "README.md", "keep.log", "out", "src/.gitignore", "src/deep/main.test.ts", "src/main.ts"].toSorted(),
    );
    expect(await use("glob", { pattern: "out/*" })).toBe("No files found.");
  });

  it("puts the newest change first", async () => {
    await utimes(join(agent.root, "src/main.ts"), 100, 100);
    await utimes(join(agent.root, "src/deep/main.test.ts"), 200, 200);
    await utimes(join(agent.root, ".hidden/x.ts"), 50, 50);
    expect(await lines("glob", { pattern: "**/*.ts" })).toEqual(["src/deep/main.test.ts", "src/main.ts", ".hidden/x.ts"]);
  });

  it("looks in a folder, under the rules of the folders above it", async () => {
    expect(await lines("glob", { pattern: "**/*.ts", path: "src/deep" })).toEqual(["src/deep/main.test.ts"]);
    expect(await use("glob", { pattern: "*", path: "src/main.ts" })).toMatch(/^error: not_found: /);
    expect(await use("glob", { pattern: "*", path: "../outside" })).toMatch(/^error: denied: /);
    expect(await use("glob", { pattern: "*", path: "out" })).toMatch(/^error: denied: /);
  });

  it("says how many it leaves out", async () => {
    expect((await lines("glob", { pattern: "**/*", limit: 2 })).at(-1)).toBe("[… 6 more …]");
  });

  it.each(["/etc/*", "../*", "a/../../b", "./../x"])("refuses the pattern %j, which leads out", async (pattern) => {
    expect(await use("glob", { pattern })).toMatch(/^error: invalid_pattern: /);
  });
});

describe("a glob", () => {
  it("takes no longer for many stars, whatever a file is called", async () => {
    await writeFile(join(agent.root, "a".repeat(200)), "");
    for (const pattern of [`${"*a".repeat(20)}*b`, "{*a*a,x}{*a,x}*a*a*a*a*b", "**/**/a/**/b/**/c"]) {
      expect(await use("glob", { pattern })).toBe("No files found.");
      expect(await use("grep", { pattern: "x", glob: pattern })).not.toMatch(/^error/);
    }
  });

  it("has choices in braces, and says so", async () => {
    expect((await lines("glob", { pattern: "{README,keep}.{md,log}" })).toSorted()).toEqual(["README.md", "keep.log"]);
    expect(await use("glob", { pattern: "*.@(md|log)" })).toMatch(/^error: invalid_pattern: .*braces/);
    expect(await use("glob", { pattern: "{a,b}".repeat(7) })).toMatch(/^error: invalid_pattern: .*more than 64 choices/);
  });
});

describe("finder", () => {
  it("ranks names before folders and runs of letters before scattered ones", async () => {
    expect(await lines("finder", { query: "main" })).toEqual(["src/main.ts", "src/deep/main.test.ts"]);
    expect((await lines("finder", { query: "sdm" }))[0]).toBe("src/deep/main.test.ts");
    expect(await use("finder", { query: "zzz" })).toBe("No files found.");
    expect(await lines("finder", { query: "ts", limit: 1 })).toHaveLength(2);
  });

  it("knows no file that is ignored", async () => {
    expect(await use("finder", { query: "build/out" })).toBe("No files found.");
  });
});

describe("matchScore", () => {
  it.each([
    ["abc", "a/b/c.txt", true],
    ["cba", "a/b/c.txt", false],
    ["ABC", "abc", true],
    ["a c", "a-c", true],
  ])("of %j in %j is there: %j", (query, path, there) => {
    expect(matchScore(query, path) !== undefined).toBe(there);
  });

  it("prefers an exact name, then a start of a word", () => {
    const of = (path: string): number => matchScore("run", path) ?? -1;
    expect(of("lib/run.ts")).toBeGreaterThan(of("lib/rerun.ts"));
    expect(of("lib/dry-run.ts")).toBeGreaterThan(of("lib/rerun.ts"));
    expect(of("lib/rerun.ts")).toBeGreaterThan(of("run/lib/x.ts"));
  });
});

describe("grep", () => {
  it("gives path, line and text", async () => {
    expect(await lines("grep", { pattern: "needle" })).toEqual([
      ".hidden/x.ts:2:the needle in .hidden/x.ts",
      "README.md:2:the needle in README.md",
      "keep.log:2:the needle in keep.log",
      "src/deep/main.test.ts:2:the needle in src/deep/main.test.ts",
      "src/main.ts:2:the needle in src/main.ts",
    ]);
  });

  it("searches one file, one folder, or what a glob leaves", async () => {
    expect(await use("grep", { pattern: "needle", path: "src/main.ts" })).toBe("src/main.ts:2:the needle in src/main.ts");
    expect(await lines("grep", { pattern: "needle", path: "src" })).toHaveLength(2);
    expect(await lines("grep", { pattern: "needle", glob: "**/*.test.ts" })).toEqual([
      "src/deep/main.test.ts:2:the needle in src/deep/main.test.ts",
    ]);
    expect(await use("grep", { pattern: "needle", path: "none" })).toMatch(/^error: not_found: /);
    expect(await use("grep", { pattern: "needle", path: "out/secret.ts" })).toMatch(/^error: denied: /);
  });

  it("shows the lines around a match, and minds the case only when it is asked to", async () => {
    expect(await lines("grep", { pattern: "needle", path: "src/main.ts", context: 1 })).toEqual([
      "src/main.ts-1-first",
      "src/main.ts:2:the needle in src/main.ts",
      "src/main.ts-3-last",
    ]);
    expect(await use("grep", { pattern: "NEEDLE" })).toBe("No matches.");
    expect(await lines("grep", { pattern: "NEEDLE", case_sensitive: false })).toHaveLength(5);
  });

  it("stops at its limit and says so", async () => {
    expect(await lines("grep", { pattern: "needle", limit: 2 })).toEqual([
      ".hidden/x.ts:2:the needle in .hidden/x.ts",
      "README.md:2:the needle in README.md",
      "[… more than 2 matches …]",
    ]);
  });

  it("passes over binary files and matches at line ends of both kinds", async () => {
    await agent.write("bin", "needle\0");
    await agent.write("crlf", "needle\r\n");
    expect(await lines("grep", { pattern: "needle$" })).toEqual(["crlf:1:needle"]);
  });

  it("refuses a pattern that is none", async () => {
    expect(await use("grep", { pattern: "(" })).toMatch(/^error: invalid_pattern: /);
  });

  it("gives up on a pattern that takes for ever, and the main thread does not notice", { timeout: 15_000 }, async () => {
    await agent.write("slow", `${"a".repeat(40)}!`);
    expect(await use("grep", { pattern: "^(a+)+$", path: "slow" })).toMatch(/^error: timed_out: the pattern took longer than 5000 ms/);
  });
});

describe("grep by rg", { timeout: 30_000 }, () => {
  /** Stands for `rg`: tells what it was asked, as one match. */
  const script = `#!/bin/sh
printf '{"type":"begin","data":{"path":{"text":"x"}}}\\n'
for last; do :; done
printf '{"type":"match","data":{"path":{"text":"%s/src/main.ts"},"line_number":7,"lines":{"text":"%s\\\\n"}}}\\n' "$last" "$(echo "$*" | tr '"' "'")"
printf '{"type":"context","data":{"path":{"text":"%s/src/main.ts"},"line_number":8,"lines":{"text":"after\\\\n"}}}\\n' "$last"
`;

  async function withProgram(text: string): Promise<void> {
    await mkdir(join(agent.folder, "bin"));
    await writeFile(join(agent.folder, "bin/rg"), text);
    await chmod(join(agent.folder, "bin/rg"), 0o755);
    agent = { ...agent, room: { ...agent.room, env: { PATH: `${join(agent.folder, "bin")}:/usr/bin:/bin` } } };
  }

  it("hands the pattern over as one argument and shows what it finds as ours does", async () => {
    await withProgram(script);
    const [first = "", second] = await lines("grep", { pattern: "--files; $(x)", path: "src", context: 1, case_sensitive: false });
    expect(first).toMatch(/^src\/src\/main\.ts:7:--json .* --ignore-case --context 1 --regexp --files; \$\(x\) -- .*\/workspace\/src$/);
    expect(second).toBe("src/src/main.ts-8-after");
  });

  it("tells of a pattern that it refuses", async () => {
    await withProgram("#!/bin/sh\necho 'regex parse error' >&2\nexit 2\n");
    expect(await use("grep", { pattern: "(" })).toBe("error: invalid_pattern: regex parse error");
  });

  it("keeps from the model what lies in the daemon's folder", async () => {
    const match = (path: string): string =>
      JSON.stringify({ type: "match", data: { path: { text: path }, line_number: 1, lines: { text: "x" } } });
    await withProgram(`#!/bin/sh\necho '${match(`${agent.home}/token`)}'\necho '${match(`${agent.root}/a`)}'\n`);
    agent.room.files.admit("c1", [agent.folder]);
    expect(await lines("grep", { pattern: "x", path: ".." })).toEqual(["../workspace/a:1:x"]);
  });

  it("ends it once there is enough", async () => {
    await withProgram(
      `#!/bin/sh\nwhile :; do echo '{"type":"match","data":{"path":{"text":"${agent.root}/a"},"line_number":1,"lines":{"text":"x"}}}'; done\n`,
    );
    expect(await lines("grep", { pattern: "x", limit: 3 })).toEqual(["a:1:x", "a:1:x", "a:1:x", "[… more than 3 matches …]"]);
  });
});
