import { statSync } from "node:fs";
import { core } from "./product.mjs";
import { freshPath } from "./temporary-folder.mjs";

const roomBytes = 16 * 1024 * 1024;
const longestMs = 2_000;
const lookMs = 25;

/** A store, new unless `path` names one, as a daemon has it that has been up for a moment: what it does when it first rests is done. */
export async function openSettledStore(options = {}) {
  const { openSqliteStore } = await core();
  const store = await openSqliteStore({ path: freshPath("store.db"), ...options });
  for (let waited = 0; waited < longestMs && logBytes(store.path) < roomBytes; waited += lookMs) {
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  // One call more, so that the worker has finished what it was at.
  await store.usage();
  return store;
}

function logBytes(path) {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
