import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";

/** A row as an array of its columns. */
export type Row = readonly SQLOutputValue[];

/** A prepared query that answers rows as arrays, the cheapest form the running Node.js has. */
export function prepareRows(db: DatabaseSync, sql: string): (...values: SQLInputValue[]) => readonly Row[] {
  const statement = db.prepare(sql);
  // Missing in the oldest Node.js we run on.
  const setReturnArrays = statement.setReturnArrays as ((enabled: boolean) => void) | undefined;
  if (!setReturnArrays) return (...values) => statement.all(...values).map((row) => Object.values(row));
  setReturnArrays.call(statement, true);
  return (...values) => statement.all(...values) as unknown as readonly Row[];
}
