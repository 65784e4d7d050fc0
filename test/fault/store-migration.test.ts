import { createHash } from "node:crypto";
import { copyFileSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, it } from "vitest";
import { migrations } from "../../lib/node/sqlite/sqlite-schema.js";
import { temporaryFolder } from "../support/sqlite.js";
import { programs } from "./support/store-process.js";
import type { Random } from "./support/store-random.js";
import { hasStrace, persistenceCalls, readLog, straced } from "./support/store-strace.js";
import { finds, holds, seed } from "./support/trials.js";

const ours = programs();
const template = temporaryFolder();
const old = template.file("store.db");
let before = "";
let calls: Record<string, number> = {};

beforeAll(async () => {
  if (!hasStrace) return;
  await ours.write({ path: old, seed, inFlight: 4, steps: [120] });
  before = contentOf(old);
  await migrated(undefined, "all", (_, log) => {
    const changes = readLog(log).filter(({ name }) => (persistenceCalls as readonly string[]).includes(name));
    calls = Object.fromEntries([...Map.groupBy(changes, ({ name }) => name)].map(([name, all]) => [name, all.length]));
  });
});
afterAll(() => {
  ours.remove();
  template.remove();
});

async function migrated<Result>(inject: string | undefined, atATime: string, look: (path: string, log: string) => Result): Promise<Result> {
  const folder = temporaryFolder();
  try {
    const path = folder.file("store.db");
    copyFileSync(old, path);
    const log = `${folder.path}.log`;
    const wrap = straced({ path, log, ...(inject !== undefined && { inject }) });
    const { end } = await ours.run("store-migrator", [path, atATime], { wrap });
    if (inject !== undefined && end !== "SIGKILL") throw new Error(`It was not killed at ${inject}, it ended with ${end}.`);
    return look(path, log);
  } finally {
    folder.remove();
    rmSync(`${folder.path}.log`, { force: true });
  }
}

/** What the versions have in common, as a hash. */
function contentOf(path: string): string {
  const db = new DatabaseSync(path);
  const hash = createHash("sha256");
  for (const sql of [
    "SELECT stream, first_seq, last_seq, crc, body FROM segments",
    "SELECT ordinal, collection, id, revision, crc, json FROM records",
  ])
    for (const row of db.prepare(sql).iterate())
      for (const value of Object.values(row)) hash.update(value instanceof Uint8Array ? value : `${String(value)}\n`);
  db.close();
  return hash.digest("hex");
}

function wrongWith(path: string): string[] {
  const content = contentOf(path);
  const db = new DatabaseSync(path);
  const one = (sql: string): unknown => Object.values(db.prepare(sql).get() ?? {})[0];
  const version = Number(one("PRAGMA user_version")) - migrations.length;
  const added = [
    one("SELECT count(*) FROM pragma_table_info('records') WHERE name = 'later'"),
    one("SELECT count(*) FROM sqlite_schema WHERE name = 'streams'"),
  ];
  const check = one("PRAGMA integrity_check");
  db.close();
  const violations = check === "ok" ? [] : [`integrity_check: ${String(check)}`];
  if (content !== before) violations.push("its content changed");
  if (version !== 0 && version !== 2) violations.push(`it is ${version} versions further, neither old nor new`);
  if (added.some((count) => count !== (version === 0 ? 0 : 1)))
    violations.push(`at version +${version} it has ${added.join(" and ")} of what is new`);
  return violations;
}

async function killed(random: Random, atATime: "all" | "one"): Promise<string[]> {
  const name = random.pick(Object.keys(calls).flatMap((call) => (call === "pwrite64" ? [call, call, call] : [call])));
  const when = random.between(1, calls[name] ?? 1);
  const violations = await migrated(`${name}:signal=KILL:when=${when}`, atATime, wrongWith);
  return violations.map((violation) => `${name} ${when}: ${violation}`);
}

describe.skipIf(!hasStrace)("an older store whose migration is cut off", () => {
  it("is as it was or all new, with the same content", async () => {
    await holds({ promise: "R30 killed while migrating", short: 10, long: 100 }, (random) => killed(random, "all"));
  });

  it("is seen to be wrong when each version has a transaction of its own", async () => {
    await finds("a transaction for each version", { within: 40 }, (random) => killed(random, "one"));
  });
});

it.skipIf(hasStrace)("an older store whose migration is cut off (skipped: strace is not here or may not trace)", () => {});
