import { chmod, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createApplyPatchTool } from "../../../../lib/agent/tools/apply-patch.js";
import { createCreateFileTool } from "../../../../lib/agent/tools/create-file.js";
import { createEditFileTool } from "../../../../lib/agent/tools/edit-file.js";
import { createMultiReadTool, createReadTool } from "../../../../lib/agent/tools/read.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";

let agent: AgentRoom;
beforeEach(async () => {
  agent = await openAgentRoom({ config: { tools: { limits: { outputBytes: 20_000 } } } });
});
afterEach(() => agent.close());

const read = async (args: Record<string, unknown>) => (await agent.use(createReadTool(agent.room), args)).text;
const edit = async (args: Record<string, unknown>) => (await agent.use(createEditFileTool(agent.room), args)).text;
const create = async (args: Record<string, unknown>) => (await agent.use(createCreateFileTool(agent.room), args)).text;
const patch = async (...lines: string[]) =>
  (await agent.use(createApplyPatchTool(agent.room), { patch: ["*** Begin Patch", ...lines, "*** End Patch"].join("\n") })).text;
const text = (path: string) => readFile(join(agent.root, path), "utf8");

describe("read", () => {
  it("gives numbered lines from offset on, and says how many are left", async () => {
    await agent.write("a", "1\n2\n3\n4\n");
    expect(await read({ path: "a" })).toBe("     1\t1\n     2\t2\n     3\t3\n     4\t4");
    expect(await read({ path: "a", offset: 2, limit: 2 })).toBe("     2\t2\n     3\t3\n[… 1 more lines, continue with offset 4 …]");
    expect(await read({ path: "a", offset: 5 })).toBe("error: not_found: the file has only 4 lines");
  });

  it("shows the last line without a line end, an empty file and an empty line", async () => {
    await agent.write("a", "x\n\ny");
    await agent.write("b", "");
    await agent.write("c", "\n");
    expect(await read({ path: "a" })).toBe("     1\tx\n     2\t\n     3\ty");
    expect(await read({ path: "b" })).toBe("(empty file)");
    expect(await read({ path: "c" })).toBe("     1\t");
  });

  it("cuts a line at 2,000 characters and the whole at the bytes for the model, keeping head and tail", async () => {
    await agent.write("a", `${"x".repeat(2001)}\n${"y".repeat(2000)}`);
    expect(await read({ path: "a" })).toBe(`     1\t${"x".repeat(2000)} [… 1 characters omitted …]\n     2\t${"y".repeat(2000)}`);
    await agent.write("b", `${"ä".repeat(1000)}\n`.repeat(50));
    const cut = await read({ path: "b" });
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(20_000);
    expect(cut).toMatch(/^ {5}1\tä[^]*\n\[… \d+ bytes omitted …\]\n[^]*ä$/);
    const [head = "", tail = ""] = cut.split(/\[… \d+ bytes omitted …\]/);
    expect(Buffer.byteLength(head) / Buffer.byteLength(tail)).toBeCloseTo(3, 1);
    expect(cut).not.toContain("\ufffd");
  });

  it("lists a folder, at most 500 names", async () => {
    await agent.write("d/sub/x", "");
    await agent.write("d/a", "");
    expect(await read({ path: "d" })).toBe("a\nsub/");
    await Promise.all(Array.from({ length: 501 }, (_, index) => agent.write(`many/${index}`, "")));
    const names = (await read({ path: "many" })).split("\n");
    expect(names).toHaveLength(501);
    expect(names.at(-1)).toBe("[… 1 more names …]");
  });

  it.each<[string, string | Buffer]>([
    ["a NUL", "a\0b"],
    ["bytes that are no UTF-8", Buffer.from([0x61, 0xff, 0xfe])],
  ])("refuses %s as binary_file", async (_, content) => {
    await agent.write("a", content);
    expect(await read({ path: "a" })).toMatch(/^error: binary_file: /);
  });

  it("refuses more than 10 MiB, what is not there, and what is no file", async () => {
    await agent.write("big", Buffer.alloc(10 * 1024 * 1024 + 1, 97));
    expect(await read({ path: "big" })).toMatch(/^error: too_large: /);
    expect(await read({ path: "none" })).toMatch(/^error: not_found: /);
    expect(await read({ path: "big/none" })).toMatch(/^error: not_found: /);
    expect(await read({ path: "a\0b" })).toMatch(/^error: invalid_arguments: /);
  });

  it.each([
    [{ path: "a", offset: 0 }, "offset"],
    [{ path: "a", limit: 5001 }, "limit"],
    [{ path: "a", lines: 3 }, "unknown argument lines"],
    [{ path: 3 }, "path"],
    [{}, "path"],
  ])("refuses the arguments %j", async (args, named) => {
    const answer = await read(args);
    expect(answer).toMatch(/^error: invalid_arguments: /);
    expect(answer).toContain(named);
  });

  it("gives several files as headed blocks, each with its own error", async () => {
    await agent.write("a", "1\n");
    const result = await agent.use(createMultiReadTool(agent.room), { paths: ["a", "none"] });
    expect(result).toMatchObject({ ok: true, text: "==> a <==\n     1\t1\n\n==> none <==\nerror: not_found: none does not exist" });
    const many = { paths: Array.from({ length: 21 }, () => "a") };
    expect((await agent.use(createMultiReadTool(agent.room), many)).text).toMatch(/^error: invalid_arguments: paths/);
  });
});

describe("edit_file", () => {
  it("gives a unified diff and keeps the mode", async () => {
    const path = await agent.write("a.sh", "one\ntwo\nthree\n");
    await chmod(path, 0o751);
    await read({ path: "a.sh" });
    expect(await edit({ path: "a.sh", old_str: "two", new_str: "2" })).toBe(
      "--- a/a.sh\n+++ b/a.sh\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n",
    );
    expect((await stat(path)).mode & 0o7777).toBe(0o751);
    expect(await readdir(agent.root)).toEqual([".git", "a.sh"]);
  });

  it("keeps CRLF line ends and the byte order mark", async () => {
    await agent.write("a", "\ufeffone\r\ntwo\r\n");
    await read({ path: "a" });
    expect(await edit({ path: "a", old_str: "one\ntwo", new_str: "1\n2\n3" })).toContain("+3");
    expect(await text("a")).toBe("\ufeff1\r\n2\r\n3\r\n");
  });

  it("leaves mixed line ends as they are", async () => {
    await agent.write("a", "one\r\ntwo\n");
    await read({ path: "a" });
    await edit({ path: "a", old_str: "two", new_str: "2" });
    expect(await text("a")).toBe("one\r\n2\n");
  });

  it("names what does not fit: no_match, not_unique with the count", async () => {
    await agent.write("a", "x x x\n");
    await read({ path: "a" });
    expect(await edit({ path: "a", old_str: "y", new_str: "z" })).toMatch(/^error: no_match: /);
    expect(await edit({ path: "a", old_str: "x", new_str: "x" })).toMatch(/^error: not_unique: old_str occurs 3 times/);
    expect(await edit({ path: "a", old_str: "x", new_str: "y", replace_all: true })).toContain("+y y y");
    expect(await text("a")).toBe("y y y\n");
  });

  it("takes the new text as it is, dollar signs included", async () => {
    await agent.write("a", "x\n");
    await read({ path: "a" });
    await edit({ path: "a", old_str: "x", new_str: "$& $1 $$" });
    expect(await text("a")).toBe("$& $1 $$\n");
  });

  it("refuses a file that this run has not read, or that changed since", async () => {
    await agent.write("a", "x\n");
    expect(await edit({ path: "a", old_str: "x", new_str: "y" })).toMatch(/^error: not_read: /);
    await read({ path: "a", limit: 1 });
    await agent.write("a", "x\nmore\n");
    expect(await edit({ path: "a", old_str: "x", new_str: "y" })).toMatch(/^error: changed_on_disk: /);
    await read({ path: "a" });
    expect(await edit({ path: "a", old_str: "x", new_str: "y" })).toContain("+y");
    expect(await edit({ path: "a", old_str: "y", new_str: "z" })).toContain("+z");
  });

  it("notices a change that keeps size and time", async () => {
    const path = await agent.write("a", "x1\n");
    const { mtime } = await stat(path);
    await read({ path: "a" });
    await writeFile(path, "x2\n");
    await utimes(path, mtime, mtime);
    expect(await edit({ path: "a", old_str: "x", new_str: "y" })).toMatch(/^error: changed_on_disk: /);
  });

  it("does edits of one path one after the other", async () => {
    await agent.write("a", "a b c d e f g h\n");
    await read({ path: "a" });
    const answers = await Promise.all([..."abcdefgh"].map((letter) => edit({ path: "a", old_str: letter, new_str: letter.toUpperCase() })));
    expect(answers.filter((answer) => answer.startsWith("error"))).toEqual([]);
    expect(await text("a")).toBe("A B C D E F G H\n");
  });

  it("edits what a link inside the workspace leads to, and keeps the link", async () => {
    await agent.write("real", "x\n");
    await symlink("real", join(agent.root, "link"));
    await read({ path: "link" });
    expect(await edit({ path: "link", old_str: "x", new_str: "y" })).toContain("--- a/real");
    expect((await lstat(join(agent.root, "link"))).isSymbolicLink()).toBe(true);
    expect(await text("real")).toBe("y\n");
  });
});

describe("create_file", () => {
  it("makes the folders and tells of the file", async () => {
    expect(await create({ path: "a/b/c.txt", content: "x\ny\n" })).toBe("Created a/b/c.txt (4 bytes).");
    expect(await text("a/b/c.txt")).toBe("x\ny\n");
    expect(agent.run.of("file.changed").map(({ payload }) => payload)).toEqual([
      { path: "a/b/c.txt", change: "created", call_id: "c1", added: 2, removed: 0 },
    ]);
  });

  it("refuses a name that is taken, unless it may overwrite", async () => {
    await chmod(await agent.write("a", "old\n"), 0o640);
    expect(await create({ path: "a", content: "new\n" })).toMatch(/^error: exists: /);
    expect(await text("a")).toBe("old\n");
    expect(await create({ path: "a", content: "new\n", overwrite: true })).toBe("Replaced a (4 bytes).");
    expect((await stat(join(agent.root, "a"))).mode & 0o777).toBe(0o640);
    expect(agent.run.of("file.changed")[0]?.payload).toMatchObject({ change: "modified", added: 1, removed: 1 });
  });

  it("lets exactly one of many at once have the name", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => create({ path: "a", content: String(index) })));
    expect(answers.filter((answer) => answer.startsWith("Created"))).toHaveLength(1);
    expect(answers.filter((answer) => answer.startsWith("error: exists"))).toHaveLength(7);
  });

  it("refuses more than 1 MiB", async () => {
    expect(await create({ path: "a", content: "x".repeat(1024 * 1024 + 1) })).toMatch(/^error: too_large: /);
  });

  it("counts what it wrote as read", async () => {
    await create({ path: "a", content: "x\n" });
    expect(await edit({ path: "a", old_str: "x", new_str: "y" })).toContain("+y");
  });
});

describe("apply_patch", () => {
  it("adds, updates, moves and deletes", async () => {
    await agent.write("update", "a\nb\nc\n");
    await agent.write("move", "1\n2\n");
    await agent.write("gone", "x\n");
    const answer = await patch(
      "*** Add File: new/a",
      "+x",
      "+y",
      "*** Update File: update",
      "@@",
      " a",
      "-b",
      "+B",
      " c",
      "*** Update File: move",
      "*** Move to: moved",
      "@@",
      "-1",
      "+one",
      "*** Delete File: gone",
    );
    expect(answer).toBe(
      "created new/a (+2 −0)\nmodified update (+1 −1)\ncreated moved (+2 −0)\ndeleted move (+0 −2)\ndeleted gone (+0 −1)",
    );
    expect(await text("new/a")).toBe("x\ny\n");
    expect(await text("update")).toBe("a\nB\nc\n");
    expect(await text("moved")).toBe("one\n2\n");
    expect(await readdir(agent.root)).toEqual([".git", "moved", "new", "update"]);
  });

  it("finds a place by its anchors, at the end of the file, and with careless blanks", async () => {
    await agent.write("a", "class A\n  run()\n    x\nclass B\n  run()\n    x  \nend\n");
    await patch("*** Update File: a", "@@ class B", "@@   run()", "-    x", "+    y");
    expect(await text("a")).toBe("class A\n  run()\n    x\nclass B\n  run()\n    y\nend\n");
    await patch("*** Update File: a", "@@", " end", "+last", "*** End of File");
    expect(await text("a")).toMatch(/end\nlast\n$/);
    await patch("*** Update File: a", "@@", " class A", "-run()", "+go()");
    expect(await text("a")).toMatch(/^class A\ngo\(\)\n/);
  });

  it("keeps lines that are only context as the file has them", async () => {
    await agent.write("a", "\tkept  \nold\n");
    await patch("*** Update File: a", "@@", " kept", "-old", "+new");
    expect(await text("a")).toBe("\tkept  \nnew\n");
  });

  it("keeps line ends and a missing last line end", async () => {
    await agent.write("a", "1\r\n2\r\n");
    await agent.write("b", "1\n2");
    await patch("*** Update File: a", "@@", "-2", "+two", "*** Update File: b", "@@", "-2", "+two");
    expect(await text("a")).toBe("1\r\ntwo\r\n");
    expect(await text("b")).toBe("1\ntwo");
  });

  it("changes nothing when one part does not fit, and names file and hunk", async () => {
    await agent.write("a", "1\n");
    await agent.write("b", "1\n2\n");
    const answer = await patch("*** Update File: a", "@@", "-1", "+x", "*** Update File: b", "@@", "-1", "+x", "@@", "-3", "+y");
    expect(answer).toBe('error: patch_failed: b, hunk 2: these lines are not found: "3"');
    expect(await text("a")).toBe("1\n");
    expect(agent.run.of("file.changed")).toEqual([]);
  });

  it("takes back what it did when a later write fails", async () => {
    await agent.write("a", "1\n");
    await agent.write("file", "x\n");
    // A folder is to be made where a file is.
    const answer = await patch("*** Update File: a", "@@", "-1", "+x", "*** Add File: new", "+x", "*** Add File: file/below", "+y");
    expect(answer).toMatch(/^error: patch_failed: /);
    expect(await text("a")).toBe("1\n");
    expect(await readdir(agent.root)).toEqual([".git", "a", "file"]);
  });

  it.each<[string, string[]]>([
    ["a file that exists", ["*** Add File: a", "+x"]],
    ["a file that does not exist", ["*** Update File: none", "@@", "-x", "+y"]],
    ["a deletion of nothing", ["*** Delete File: none"]],
    ["a move onto another file", ["*** Update File: a", "*** Move to: b"]],
    ["two sections for one file", ["*** Update File: a", "@@", "-1", "+x", "*** Delete File: ./a"]],
    ["lines without a sign", ["*** Add File: new", "x"]],
    ["an unknown section", ["*** Rename File: a"]],
    ["no section", []],
    ["an update by nothing", ["*** Update File: a"]],
  ])("refuses %s", async (_, lines) => {
    await agent.write("a", "1\n");
    await agent.write("b", "1\n");
    expect(await patch(...lines)).toMatch(/^error: patch_failed: /);
    expect(await text("a")).toBe("1\n");
  });

  it("refuses what has no beginning or end", async () => {
    const tool = createApplyPatchTool(agent.room);
    expect((await agent.use(tool, { patch: "*** Add File: a\n+x" })).text).toMatch(/^error: patch_failed: line 1 /);
    expect((await agent.use(tool, { patch: "*** Begin Patch\n*** Add File: a\n+x" })).text).toMatch(/^error: patch_failed: line 3 /);
  });

  it("shows the diff of all files before it is done", async () => {
    await agent.write("a", "1\n");
    const args = { patch: "*** Begin Patch\n*** Update File: a\n@@\n-1\n+x\n*** Add File: b\n+y\n*** End Patch" };
    const diff = await createApplyPatchTool(agent.room).diff?.(args);
    expect(diff).toContain("--- a/a\n+++ b/a\n");
    expect(diff).toContain("--- /dev/null\n+++ b/b\n");
  });
});

describe("paths", { timeout: 60_000 }, () => {
  beforeEach(async () => {
    await mkdir(join(agent.folder, "outside"));
    await writeFile(join(agent.folder, "outside/secret"), "secret\n");
    await writeFile(join(agent.home, "daemon.json"), "{}");
    await agent.write("inside/a", "a\n");
  });

  const hostile: readonly (readonly [string, string])[] = [
    ["dots", "../outside/secret"],
    ["many dots", "inside/../../outside/secret"],
    ["an absolute path", "/etc/hostname"],
    ["a prefix of the workspace's name", "../workspace-other/x"],
    ["a link to a file", "links/file"],
    ["a link to a folder", "links/folder/secret"],
    ["a link up", "links/up/outside/secret"],
    ["a link to a link", "links/twice"],
    ["a link inside a linked folder", "links/inside/out/secret"],
    ["an absolute link", "links/absolute"],
    ["a link to nothing outside", "links/dangling"],
    ["a path below a link to nothing", "links/dangling/x"],
    ["the daemon's folder", "../home/daemon.json"],
    ["a link to the daemon's folder", "links/home/daemon.json"],
    ["a loop", "links/loop"],
    ["/proc", "/proc/self/environ"],
    ["/proc's way to a folder", "/proc/self/cwd/package.json"],
  ];

  beforeEach(async () => {
    await mkdir(join(agent.folder, "workspace-other"));
    await writeFile(join(agent.folder, "workspace-other/x"), "other\n");
    const links = join(agent.root, "links");
    await mkdir(links);
    await symlink("../../outside/secret", join(links, "file"));
    await symlink("../../outside", join(links, "folder"));
    await symlink("../..", join(links, "up"));
    await symlink("file", join(links, "twice"));
    await symlink("../inside", join(links, "inside"));
    await symlink("../../outside", join(agent.root, "inside/out"));
    await symlink(join(agent.folder, "outside/secret"), join(links, "absolute"));
    await symlink("../../outside/none", join(links, "dangling"));
    await symlink(agent.home, join(links, "home"));
    await symlink("loop", join(links, "loop"));
  });

  it.each(hostile)("no file tool reads or writes by %s", async (_, path) => {
    for (const answer of [
      await read({ path }),
      await edit({ path, old_str: "secret", new_str: "x" }),
      await create({ path, content: "x" }),
      await create({ path, content: "x", overwrite: true }),
      await patch(`*** Add File: ${path}`, "+x"),
      await patch(`*** Update File: ${path}`, "@@", "-secret", "+x"),
      await patch(`*** Delete File: ${path}`),
      await patch("*** Update File: inside/a", `*** Move to: ${path}`),
    ]) {
      expect(answer).toMatch(/^error: (denied|failed): /);
    }
    expect(await readdir(join(agent.folder, "outside"))).toEqual(["secret"]);
    expect(await readFile(join(agent.folder, "outside/secret"), "utf8")).toBe("secret\n");
    expect(await readdir(agent.home)).toEqual(["daemon.json"]);
    expect(agent.run.of("file.changed")).toEqual([]);
  });

  it("opens to one call what was admitted for it, and nothing more", async () => {
    const secret = join(agent.folder, "outside/secret");
    agent.room.files.admit("c1", [secret]);
    expect(await read({ path: "links/file" })).toBe("     1\tsecret");
    expect(await read({ path: "../workspace-other/x" })).toMatch(/^error: denied: /);
    expect((await agent.use(createReadTool(agent.room), { path: "links/file" }, "c2")).text).toMatch(/^error: denied: /);
    agent.room.files.dismiss("c1");
    expect(await read({ path: "links/file" })).toMatch(/^error: denied: /);
    agent.room.files.admit("c1", [join(agent.home, "daemon.json")]);
    expect(await read({ path: "../home/daemon.json" })).toMatch(/^error: denied: /);
  });

  it("reads in a read root and writes nowhere there", async () => {
    await agent.close();
    agent = await openAgentRoom({ config: { tools: { readRoots: ["../side"] } } });
    await mkdir(join(agent.folder, "side"));
    await writeFile(join(agent.folder, "side/a"), "x\n");
    expect(await read({ path: "../side/a" })).toBe("     1\tx");
    expect(await create({ path: "../side/b", content: "x" })).toMatch(/^error: denied: /);
  });

  it("never follows a folder that is swapped for a link while it works", { timeout: 120_000 }, async () => {
    await agent.write("swap/a", "safe\n");
    await writeFile(join(agent.folder, "outside/a"), "secret\n");
    const swap = join(agent.root, "swap");
    const kept = `${swap}.kept`;
    const bait = join(agent.root, "bait");
    await symlink("../outside", bait);
    let swapping = true;
    const swapper = (async () => {
      while (swapping) {
        await rename(swap, kept);
        // The tool may make the folder anew in every moment it is gone.
        await rename(bait, swap).catch(() => {});
        await rename(swap, bait).catch(() => {});
        // It may also be writing there while that is taken away.
        const isBack = (): Promise<boolean> =>
          rename(kept, swap).then(
            () => true,
            () => false,
          );
        while (!(await isBack())) await rm(swap, { recursive: true, force: true }).catch(() => {});
      }
    })();
    const answers: string[] = [];
    const rounds = process.env["ANODE_TEST_LONG"] ? 10_000 : 300;
    for (let round = 0; round < rounds; round += 1) {
      answers.push(await read({ path: "swap/a" }), await create({ path: "swap/new", content: String(round), overwrite: true }));
    }
    swapping = false;
    await swapper;
    expect(answers.filter((answer) => answer.includes("secret"))).toEqual([]);
    expect((await readdir(join(agent.folder, "outside"))).toSorted()).toEqual(["a", "secret"]);
    expect(await read({ path: "swap/a" })).toBe("     1\tsafe");
  });
});
