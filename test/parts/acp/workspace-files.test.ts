import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createWorkspaceFiles } from "../../../lib/acp/workspace-files.js";

function open(closed: (root: string) => string[] = () => []) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "anode-acp-")));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const cwd = join(root, "work");
  mkdirSync(join(cwd, "sub"), { recursive: true });
  writeFileSync(join(cwd, "a.txt"), "one\ntwo\nthree\n");
  writeFileSync(join(root, "secret.txt"), "secret");
  mkdirSync(join(root, "work-beside"));
  writeFileSync(join(root, "work-beside", "a.txt"), "beside");
  const files = createWorkspaceFiles(cwd, closed(root));
  return {
    root,
    cwd,
    files,
    read: async (path: string, more: object = {}) => (await files.read({ sessionId: "s", path, ...more })).content,
    write: (path: string, content = "new") => files.write({ sessionId: "s", path, content }),
  };
}

describe("reading a file of the run's folder", () => {
  it("gives its text, whole or in part", async () => {
    const { cwd, read } = open();
    expect(await read(join(cwd, "a.txt"))).toBe("one\ntwo\nthree\n");
    expect(await read("a.txt", { line: 2, limit: 1 })).toBe("two");
    expect(await read("a.txt", { line: 3 })).toBe("three\n");
  });

  it.for([
    ["above", "../secret.txt"],
    ["beside, with the same beginning", "../work-beside/a.txt"],
    ["by a link", "link.txt"],
    ["behind a linked folder", "folder/secret.txt"],
  ] as const)("is refused for one that lies %s", async ([_where, path]) => {
    const { root, cwd, read } = open();
    symlinkSync(join(root, "secret.txt"), join(cwd, "link.txt"));
    symlinkSync(root, join(cwd, "folder"));
    await expect(read(path)).rejects.toThrow("outside the run's folder");
  });

  it("is refused below a closed folder, by whatever way", async () => {
    const { cwd, read } = open((root) => [join(root, "work", "sub")]);
    writeFileSync(join(cwd, "sub", "token"), "t");
    symlinkSync(join(cwd, "sub"), join(cwd, "way"));
    await expect(read("sub/token")).rejects.toThrow("outside");
    await expect(read("way/token")).rejects.toThrow("outside");
  });

  it("is refused for a folder and for one that is not there", async () => {
    const { read } = open();
    await expect(read("sub")).rejects.toThrow("is not a file");
    await expect(read("none.txt")).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("writing a file of the run's folder", () => {
  it("needs a grant for that very file", async () => {
    const { cwd, files, write } = open();
    await expect(write("a.txt")).rejects.toThrow("not allowed in this run");
    await files.grant([join(cwd, "a.txt")]);
    await write("a.txt", "n");
    expect(readFileSync(join(cwd, "a.txt"), "utf8")).toBe("n");
    await expect(write("b.txt")).rejects.toThrow("not allowed in this run");
  });

  it("makes the folders on the way", async () => {
    const { cwd, files, write } = open();
    void files.grant(["deep/er/c.txt"]);
    await write(join(cwd, "deep/er/c.txt"), "c");
    expect(readFileSync(join(cwd, "deep/er/c.txt"), "utf8")).toBe("c");
  });

  it("never leaves the folder, whatever was granted", async () => {
    const { root, cwd, files, write } = open();
    symlinkSync(join(root, "secret.txt"), join(cwd, "link.txt"));
    symlinkSync(join(root, "made.txt"), join(cwd, "dangling.txt"));
    await files.grant(["../secret.txt", "link.txt", "dangling.txt"]);
    for (const path of ["../secret.txt", "link.txt", "dangling.txt"]) await expect(write(path)).rejects.toThrow();
    expect(readFileSync(join(root, "secret.txt"), "utf8")).toBe("secret");
    expect(existsSync(join(root, "made.txt"))).toBe(false);
  });

  it("is refused for a link that took the granted file's place", async () => {
    const { root, cwd, files, write } = open();
    await files.grant(["a.txt"]);
    rmSync(join(cwd, "a.txt"));
    symlinkSync(join(root, "secret.txt"), join(cwd, "a.txt"));
    await expect(write("a.txt")).rejects.toThrow();
    expect(readFileSync(join(root, "secret.txt"), "utf8")).toBe("secret");
  });
});
