import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";

/** A row as an array of its columns. */
export type Row = readonly SQLOutputValue[];

/** A prepared query that answers rows as arrays, the cheapest form the running Node.js has. */
export function prepareRows(db: DatabaseSync, sql: string): (...values: SQLInputValue[]) => readonly Row[] {
  const statement = db.prepare(sql);
  if (!returnArrays(statement)) return (...values) => statement.all(...values).map((row) => Object.values(row));
  return (...values) => statement.all(...values) as unknown as readonly Row[];
}

/** The same, row by row: for large rows of which the reader takes as many as it needs. */
export function prepareIteration(db: DatabaseSync, sql: string): (...values: SQLInputValue[]) => Iterable<Row> {
  const statement = db.prepare(sql);
  if (!returnArrays(statement)) return (...values) => asArrays(statement.iterate(...values));
  return (...values) => statement.iterate(...values) as unknown as Iterable<Row>;
}

/** False where the running Node.js is too old for it. */
function returnArrays(statement: StatementSync): boolean {
  const setReturnArrays = statement.setReturnArrays as ((enabled: boolean) => void) | undefined;
  setReturnArrays?.call(statement, true);
  return setReturnArrays !== undefined;
}

function* asArrays(rows: Iterable<Record<string, SQLOutputValue>>): Generator<Row> {
  for (const row of rows) yield Object.values(row);
}
