import { crc32 } from "node:zlib";

/** The record of a finished run as it is stored, about as long as a real one. */
export const runRecordSql = `json_object(
  'id', 'R-1760000000000000000_' || n, 'status', 'completed', 'label', '', 'profile', 'craft',
  'prompt', 'look through the failing tests and say what they have in common', 'started_at', '2026-01-01T00:00:00.000Z',
  'approval_mode', 'ask', 'executor', 'bench', 'origin', 'request', 'key', 'local', 'priority', 0, 'last_seq', 3,
  'stop_reason', 'end_turn', 'duration_ms', 1, 'ended_at', '2026-01-01T00:00:01.000Z')`;

/**
 * Fills the records of an open store file up to so many runs, in one statement: far faster than one commit a run, and the same rows.
 * Indexes are made afterwards, as a bulk load does it.
 */
export function fillRuns(db, upTo) {
  const { count } = db.prepare("SELECT count(*) AS count FROM records").get();
  const indexes = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'records' AND sql IS NOT NULL").all();
  db.function("crc_of", { deterministic: true }, (id, json) => crc32(json, crc32(`runs\n${id}\n1`)));
  db.exec("BEGIN");
  for (const { name } of indexes) db.exec(`DROP INDEX ${name}`);
  db.exec(`WITH RECURSIVE numbers(n) AS (SELECT ${count + 1} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${upTo}),
    made(id, json) AS (SELECT 'R-1760000000000000000_' || n, ${runRecordSql} FROM numbers)
    INSERT INTO records (collection, id, revision, crc, json) SELECT 'runs', id, 1, crc_of(id, json), json FROM made`);
  for (const { sql } of indexes) db.exec(sql);
  db.exec("COMMIT");
}
