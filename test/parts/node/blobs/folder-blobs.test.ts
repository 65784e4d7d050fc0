import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openFolderBlobs } from "../../../../lib/node/blobs/folder-blobs.js";
import { toBlobError } from "../../../../lib/node/blobs/blob-errors.js";
import { temporaryFolder } from "../../../support/sqlite.js";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
let unmount = (): void => {};
afterEach(() => {
  unmount();
  folder.remove();
});

const id = "att-0123456789abcdef0123456789abcdef";
const modeOf = (path: string): number => lstatSync(path).mode & 0o777;
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "passes",
    (error: unknown) => (error as { code?: unknown }).code ?? String(error),
  );

async function* bytesOf(...chunks: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

describe("a folder of blobs", () => {
  it("is private, as its files are, whatever the umask", async () => {
    for (const mask of [0o000, 0o022, 0o777]) {
      const path = folder.file(`umask-${mask}`);
      const before = process.umask(mask);
      onTestFinished(() => void process.umask(before));
      const blobs = await openFolderBlobs({ path });
      await blobs.write(id, bytesOf("text"));
      process.umask(before);
      expect([modeOf(path), modeOf(`${path}/${id}`), readFileSync(`${path}/${id}`, "utf8")]).toEqual([0o700, 0o600, "text"]);
      expect(blobs.path?.(id)).toBe(`${path}/${id}`);
    }
  });

  it.each<[string, (path: string) => void]>([
    ["a link to a folder", (path) => symlinkSync(folder.path, path)],
    ["a file", (path) => writeFileSync(path, "")],
    ["a folder that others may enter", (path) => (mkdirSync(path), chmodSync(path, 0o755))],
    ["in a folder that is not there", () => {}],
  ])("is refused when it is %s", async (what, make) => {
    const path = what.startsWith("in ") ? folder.file("none/blobs") : folder.file("blobs");
    make(path);
    await expect(openFolderBlobs({ path })).rejects.toMatchObject({ code: "store_failed", details: { reason: "unsafe_path" } });
  });

  it("follows no link and takes nothing but files for blobs", async () => {
    const path = folder.file("blobs");
    const blobs = await openFolderBlobs({ path });
    writeFileSync(folder.file("secret"), "secret");
    symlinkSync(folder.file("secret"), `${path}/link`);
    symlinkSync(folder.file("new"), `${path}/dangling`);
    mkdirSync(`${path}/folder`);
    expect(spawnSync("mkfifo", [`${path}/pipe`]).status).toBe(0);
    writeFileSync(`${path}/Other.txt`, "not ours");
    for (const name of ["link", "dangling", "folder", "pipe"]) {
      expect([name, await blobs.read(name), await blobs.size(name)]).toEqual([name, undefined, undefined]);
      expect(await codeOf(blobs.write(name, bytesOf("x")))).toBe("EEXIST");
    }
    expect(await blobs.list()).toEqual([]);
    expect([readFileSync(folder.file("secret"), "utf8"), existsSync(folder.file("new"))]).toEqual(["secret", false]);
  });

  it("gives every descriptor back: after reads to the end, early leaves, unread blobs, failed writes", async () => {
    const blobs = await openFolderBlobs({ path: folder.file("blobs") });
    await blobs.write(id, bytesOf(Buffer.alloc(300_000)));
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 20; round += 1) {
      for await (const _ of (await blobs.read(id))?.body ?? []);
      for await (const _ of (await blobs.read(id))?.body ?? []) break;
      await (await blobs.read(id))?.body[Symbol.asyncIterator]().return?.();
      await codeOf(blobs.write(id, bytesOf("x")));
      await codeOf(
        blobs.write(
          "broken",
          (async function* () {
            yield Buffer.from("x");
            throw new Error("broken");
          })(),
        ),
      );
    }
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
  });

  it("says so when a file becomes shorter while it is read", async () => {
    const path = folder.file("blobs");
    const blobs = await openFolderBlobs({ path });
    await blobs.write(id, bytesOf(Buffer.alloc(300_000)));
    const readAll = async (): Promise<void> => {
      for await (const _ of (await blobs.read(id))?.body ?? []) writeFileSync(`${path}/${id}`, "");
    };
    await expect(readAll()).rejects.toThrow("became shorter");
  });

  it("has no space when the disk or the quota has none, and leaves nothing", async () => {
    expect(toBlobError(Object.assign(new Error(), { code: "ENOSPC" }))).toMatchObject({ code: "storage_full", status: 507 });
    expect(toBlobError(Object.assign(new Error(), { code: "Unknown system error -122", errno: -122 }))).toMatchObject({
      code: "storage_full",
    });
    const other = Object.assign(new Error(), { code: "EIO", errno: -5 });
    expect(toBlobError(other)).toBe(other);
  });

  it.skipIf(!canMount())("frees what an upload took on a full disk, and takes the next one", async () => {
    const disk = folder.file("disk");
    mkdirSync(disk);
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
    unmount = () => void spawnSync("umount", ["--lazy", disk]);
    const path = `${disk}/blobs`;
    const blobs = await openFolderBlobs({ path });
    const chunk = Buffer.alloc(65_536);
    expect(await codeOf(blobs.write(id, bytesOf(...Array.from({ length: 40 }, () => chunk))))).toBe("storage_full");
    expect(readdirSync(path)).toEqual([]);
    expect(await codeOf(blobs.write(id, bytesOf(chunk)))).toBe("passes");
  });

  it.skipIf(spawnSync("strace", ["-V"]).status !== 0)("syncs the bytes, then the name, before it says that it wrote", () => {
    const log = folder.file("trace");
    const program = `
      const { openFolderBlobs } = await import(${JSON.stringify(new URL("../../../../lib/node/blobs/folder-blobs.ts", import.meta.url).href)});
      const blobs = await openFolderBlobs({ path: ${JSON.stringify(folder.file("blobs"))} });
      await blobs.write("one", (async function* () { yield Buffer.from("some bytes"); })());
      (await import("node:fs")).writeSync(2, "acknowledged");`;
    const words = ["-f", "-y", "-o", log, "-e", "trace=pwrite64,write,fsync,fdatasync", process.execPath];
    const hooks = ["--import", new URL("../../../support/source-hooks.mjs", import.meta.url).href, "--input-type=module", "-e", program];
    expect(spawnSync("strace", [...words, ...hooks], { encoding: "utf8" }).stderr).toContain("acknowledged");
    const steps = readFileSync(log, "utf8")
      .split("\n")
      .flatMap((line) => {
        if (/p?write(?:64)?\(.*blobs\/one>.*some bytes/.test(line)) return ["write bytes"];
        if (/f(?:data)?sync\(.*blobs\/one>/.test(line)) return ["sync bytes"];
        if (/fsync\(.*blobs>/.test(line)) return ["sync name"];
        return line.includes("acknowledged") ? ["acknowledge"] : [];
      });
    expect(steps).toEqual(["write bytes", "sync bytes", "sync name", "acknowledge"]);
  });
});

function canMount(): boolean {
  const place = temporaryFolder();
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", place.path]).status === 0;
  if (isMounted) spawnSync("umount", [place.path]);
  place.remove();
  return isMounted;
}
