import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/sqlite.js";
import { programs } from "./support/store-process.js";
import { hasStrace, straced } from "./support/store-strace.js";
import { verifyStore } from "./support/store-verify.js";
import { Workload } from "./support/store-workload.js";

// In a namespace of its own the writer is process 1, so that the name of its probe file is known before.
const alone = ["unshare", "--pid", "--fork", "--kill-child"];
const canTell = hasStrace && spawnSync(alone[0] ?? "", [...alone.slice(1), "true"]).status === 0;
const ours = programs();
afterAll(() => ours.remove());

describe.skipIf(!canTell)("a store whose quota is used up", () => {
  it("answers storage_full, keeps what it acknowledged and can be read", async () => {
    const folder = temporaryFolder();
    try {
      const path = folder.file("store.db");
      const probe = join(dirname(path), ".anode-probe-1");
      const inject = "pwrite64:error=EDQUOT:when=200+ write:error=EDQUOT";
      const wrap = [...straced({ path, also: probe, log: "/dev/null", inject }), ...alone];
      const { lines, acknowledged } = await ours.write({ path, seed: 1, inFlight: 1, steps: [0] }, { wrap });
      expect(acknowledged).toBeGreaterThan(5);
      expect(lines.at(-2)).toBe(`error ${acknowledged + 1} storage_full`);
      expect(lines.at(-1)).toBe("after storage_full: commit storage_full, read ok, told 0");
      expect(verifyStore(path, { workload: new Workload(1), acknowledged, issued: acknowledged })).toEqual([]);
    } finally {
      folder.remove();
    }
  });
});

it.skipIf(canTell)("a store whose quota is used up (skipped: strace or unshare cannot be used here)", () => {});
