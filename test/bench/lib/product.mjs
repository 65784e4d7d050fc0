import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

/** The built package; `ANODE_BENCH_DIST` names another build of it, to hold two against each other. */
const dist = process.env.ANODE_BENCH_DIST ?? resolve(import.meta.dirname, "../../../dist");

/** A part of the package, or of the system, that a row needs and that is not here: the row says so. */
export class NotPresent extends Error {}

/** Path of a built file. @throws NotPresent */
export function partPath(path) {
  const full = resolve(dist, path);
  if (existsSync(full)) return full;
  throw new NotPresent(`dist/${path}`);
}

/** A module of the build, by its path in it. @throws NotPresent */
export async function part(path) {
  return import(pathToFileURL(partPath(path)).href);
}

/** The manager, the stores and the executors: what most scenarios are made of. */
export async function core() {
  const root = await part("lib/index.js");
  const { openSqliteStore } = await part("lib/node/sqlite/sqlite-store.js");
  return { ...root, openSqliteStore };
}
