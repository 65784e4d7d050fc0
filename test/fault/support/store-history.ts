import { writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { recordCrc, segmentCrc } from "../../../lib/node/sqlite/crc32.js";
import { openDatabase } from "./store-verify.js";

const placeholder = "R-0000000000000000000_000000";
const eventsOfARun = 10;

/** Makes a store of so many ended runs, ten events each, as the product would have: its schema, and rows that it takes for its own. */
export function writeHistory(path: string, runs: number): void {
  writeFileSync(path, "", { mode: 0o600 });
  openDatabase(path).close();
  fill(path, runs);
  assertSound(path, runs);
}

/** Row by row the store would take four times as long: without its log, and with the indexes made at the end, the disk is written once. */
function fill(path: string, runs: number): void {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536");
  const indexes = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").all();
  for (const { name } of indexes) db.exec(`DROP INDEX ${String(name)}`);
  const segment = db.prepare("INSERT INTO segments (stream, first_seq, last_seq, bytes, crc, body) VALUES (?, 1, ?, ?, ?, ?)");
  const record = db.prepare("INSERT INTO records (collection, id, revision, crc, json) VALUES ('runs', ?, 1, ?, ?)");
  db.exec("BEGIN");
  for (let run = 1; run <= runs; run += 1) {
    const id = idOf(run);
    const [body, json] = [Buffer.from(lines.replaceAll(placeholder, id)), ended.replace(placeholder, id)];
    segment.run(`run:${id}`, eventsOfARun, body.length, segmentCrc(`run:${id}`, 1, eventsOfARun, body), body);
    record.run(id, recordCrc("runs", id, 1, json), json);
  }
  db.exec("COMMIT");
  for (const { sql } of indexes) db.exec(String(sql));
  db.exec("PRAGMA journal_mode=WAL");
  db.close();
}

/** @throws when the product finds anything but this history in the file */
function assertSound(path: string, runs: number): void {
  const database = openDatabase(path);
  try {
    const [damage] = database.check();
    if (damage !== undefined) throw new Error(`The history is damaged: ${damage}`);
    const { rows } = database.list("runs", { order: "asc", limit: 1 << 30, where: { status: ["completed"] } });
    if (rows.length !== runs) throw new Error(`The history has ${rows.length} runs, not ${runs}.`);
    for (const run of [1, Math.ceil(runs / 2), runs]) {
      const { toSeq } = database.read(`run:${idOf(run)}`, 0, 1 << 20);
      if (toSeq !== eventsOfARun) throw new Error(`${idOf(run)} has ${toSeq} events, not ${eventsOfARun}.`);
    }
  } finally {
    database.close();
  }
}

function idOf(run: number): string {
  return `R-1700000000000000000_${String(run).padStart(6, "0")}`;
}

const ended = JSON.stringify({
  id: placeholder,
  status: "completed",
  started_at: "2026-01-02T03:04:05.678Z",
  ended_at: "2026-01-02T03:04:06.678Z",
  last_seq: eventsOfARun,
});

const lines = Array.from({ length: eventsOfARun }, (_, at) => {
  const isLast = at === eventsOfARun - 1;
  const event = {
    id: `evt_${at + 1}`,
    run_id: placeholder,
    seq: at + 1,
    type: isLast ? "run.completed" : "test.event",
    status: isLast ? "completed" : "running",
    time: "2026-01-02T03:04:06.678Z",
    payload: {},
  };
  return `${JSON.stringify(event)}\n`;
}).join("");
