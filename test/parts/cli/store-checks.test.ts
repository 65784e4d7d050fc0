import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished } from "vitest";
import { storeChecks } from "../../../adapters/cli/doctor/store-checks.js";
import { homeOf } from "../../../adapters/daemon/index.js";

function place() {
  const folder = mkdtempSync(join(tmpdir(), "anode-doctor-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const env = { ANODE_HOME: folder };
  const found = () => Promise.all(storeChecks.map(async (check) => check.find({ env, isDeep: false })));
  return { home: homeOf(env), found };
}

it("the doctor finds a lock free and a store unwritten, where a start could make the files and write nothing into them", async () => {
  const { home, found } = place();
  mkdirSync(dirname(home.store), { recursive: true });
  writeFileSync(home.lock, "");
  writeFileSync(home.store, "");
  expect(await found()).toEqual([
    { status: "ok", detail: "free: the start that made it came no further, for want of space perhaps" },
    { status: "skip", detail: "empty: no start has come so far as to write it" },
  ]);
  const starting = new DatabaseSync(home.lock);
  onTestFinished(() => starting.close());
  starting.exec("BEGIN IMMEDIATE");
  expect((await found())[0]).toEqual({ status: "warn", detail: "held by a process that is just starting" });
});
