import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { createFolders } from "../../../lib/node/folders.js";
import { temporaryFolder } from "../../support/sqlite.js";

function bench() {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  for (const name of ["root", "root/in", "rootless", "out"]) mkdirSync(folder.file(name));
  writeFileSync(folder.file("root/file"), "");
  symlinkSync(folder.file("out"), folder.file("root/escape"));
  symlinkSync(folder.file("root"), folder.file("link"));
  return { folder, folders: createFolders([folder.file("link"), folder.file("nowhere")], "/fallback") };
}

describe("createFolders", () => {
  it("resolves to the real path of an existing folder", async () => {
    const { folder, folders } = bench();
    expect(await folders.resolve(folder.file("link/in/../in"))).toBe(folder.file("root/in"));
    for (const name of ["nowhere", "root/file", "root/\0"]) {
      await expect(folders.resolve(folder.file(name))).rejects.toMatchObject({ code: "cwd_not_found" });
    }
  });

  it("allows what lies in a root by its real path, and not what only looks like it", async () => {
    const { folder, folders } = bench();
    const allowed = async (name: string) => folders.allows(await folders.resolve(folder.file(name)));
    expect([await allowed("root"), await allowed("link/in")]).toEqual([true, true]);
    expect([await allowed("root/escape"), await allowed("rootless"), await allowed("out"), await allowed("root/..")]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it("allows every folder in the root of the file system, and none where no root exists", () => {
    expect(createFolders(["/"], "/").allows("/usr")).toBe(true);
    expect(createFolders(["/nowhere/at/all"], "/").allows("/nowhere/at/all")).toBe(false);
    expect(createFolders([], "/here").fallback).toBe("/here");
  });
});
