import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createFile, replaceFile } from "../../../lib/node/private-file.js";

function place(): { folder: string; path: string; seen: () => unknown } {
  const folder = mkdtempSync(join(tmpdir(), "anode-file-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "x.json");
  return { folder, path, seen: () => [readdirSync(folder), readFileSync(path, "utf8"), statSync(path).mode & 0o777] };
}

describe("A file of ours", () => {
  it("is replaced whole, for its owner alone unless it says more, and nothing stays beside it", () => {
    const { path, seen } = place();
    replaceFile(path, "one");
    expect(seen()).toEqual([["x.json"], "one", 0o600]);
    replaceFile(path, "two", { kept: "durable", mode: 0o664 });
    expect(seen()).toEqual([["x.json"], "two", 0o664]);
  });

  it("is made once", () => {
    const { path, seen } = place();
    expect([createFile(path, () => "one"), createFile(path, () => "two")]).toEqual([true, false]);
    expect(seen()).toEqual([["x.json"], "one", 0o600]);
  });

  it("stays as it was where there is room for a part of the new text alone", () => {
    const { path, seen } = place();
    replaceFile(path, "old");
    const module = new URL("../../../lib/node/private-file.ts", import.meta.url).href;
    const code = `
      const { replaceFile } = await import(${JSON.stringify(module)});
      try { replaceFile(${JSON.stringify(path)}, "x".repeat(100_000)); } catch ({ code }) { console.log(code); }`;
    const hooks = new URL("../../support/source-hooks.mjs", import.meta.url).href;
    const limited = ["-c", 'ulimit -f 64; exec "$@"', "sh", process.execPath, "--import", hooks, "--input-type=module", "--eval", code];
    const { stdout } = spawnSync("/bin/sh", limited, { encoding: "utf8" });
    expect([stdout, seen()]).toEqual(["EFBIG\n", [["x.json"], "old", 0o600]]);
  });
});
