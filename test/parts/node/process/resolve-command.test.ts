import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { errnoOf, resolveCommand } from "../../../../lib/node/process/resolve-command.js";
import { temporaryFolder } from "../../../support/sqlite.js";

/** A folder with `bin/tool` and `other/tool` to execute, `bin/text` that is not, and `bin/folder`. */
function tools(): string {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  for (const name of ["bin", "other", "bin/folder"]) mkdirSync(folder.file(name));
  for (const name of ["bin/tool", "other/tool", "other/only"]) {
    writeFileSync(folder.file(name), "");
    chmodSync(folder.file(name), 0o755);
  }
  writeFileSync(folder.file("bin/text"), "", { mode: 0o644 });
  return folder.path;
}

const failed = (errno: string) => expect.objectContaining({ code: "spawn_failed", details: { errno } });

describe("resolveCommand", () => {
  it("finds a name in the first folder of the path that has it", () => {
    const at = tools();
    expect(resolveCommand("tool", at, `${at}/nowhere:${at}/bin:${at}/other`)).toBe(join(at, "bin/tool"));
    expect(resolveCommand("only", at, `${at}/bin:${at}/other`)).toBe(join(at, "other/only"));
  });

  it("takes folders of the path, and an empty one, from the working folder", () => {
    const at = tools();
    expect(resolveCommand("tool", at, "bin")).toBe(join(at, "bin/tool"));
    expect(resolveCommand("tool", join(at, "other"), "/nowhere:")).toBe(join(at, "other/tool"));
  });

  it("takes a name with a slash from the working folder, whatever the path", () => {
    const at = tools();
    expect(resolveCommand("./bin/tool", at, undefined)).toBe(join(at, "bin/tool"));
    expect(resolveCommand(join(at, "bin/tool"), "/", undefined)).toBe(join(at, "bin/tool"));
  });

  it("goes on behind what cannot be executed", () => {
    const at = tools();
    writeFileSync(join(at, "bin/only"), "", { mode: 0o644 });
    mkdirSync(join(at, "bin/folder2"));
    expect(resolveCommand("only", at, "bin:other")).toBe(join(at, "other/only"));
  });

  it("searches the usual folders without a path", () => expect(resolveCommand("sh", "/", undefined)).toMatch(/^(\/usr)?\/bin\/sh$/));

  it.each([
    ["a name that is nowhere", "missing", "bin:other", "ENOENT"],
    ["a file that is not executable", "text", "bin", "EACCES"],
    ["a folder", "folder", "bin", "EACCES"],
    ["a path that is nowhere", "./bin/missing", "bin", "ENOENT"],
    ["a path to what is not executable", "./bin/text", "bin", "EACCES"],
    ["a path to a folder", "./bin", "bin", "EACCES"],
    ["a path through a file", "./bin/tool/x", "bin", "ENOTDIR"],
    ["a NUL in the path", "./bin/\0", "bin", "EINVAL"],
  ])("refuses %s", (_, command, path, errno) => {
    const at = tools();
    expect(() => resolveCommand(command, at, path)).toThrow(failed(errno));
  });

  it("refuses a working folder that is none", () => {
    const at = tools();
    expect(() => resolveCommand("sh", join(at, "missing"), undefined)).toThrow(failed("ENOENT"));
    expect(() => resolveCommand("sh", join(at, "bin/text"), undefined)).toThrow(failed("ENOTDIR"));
  });
});

describe("errnoOf", () => {
  it.each([
    [Object.assign(new Error("x"), { code: "E2BIG" }), "E2BIG"],
    [Object.assign(new Error("x"), { code: "ERR_INVALID_ARG_VALUE" }), "EINVAL"],
    [new Error("x"), "EINVAL"],
    ["ENOENT", "EINVAL"],
  ])("of %o is %s", (error, errno) => expect(errnoOf(error)).toBe(errno));
});
