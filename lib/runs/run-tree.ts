import { AnodeError } from "../errors.js";
import type { Limits } from "../limits.js";
import { everyRecord } from "../store/every-record.js";
import type { Store } from "../store/store.js";
import { type ActiveRun, runCollection } from "./active-run.js";
import type { RunSummary } from "./schema.js";

/** Ids of a run and all runs above it, as far as they are active. */
export function lineageOf(run: ActiveRun | undefined): string[] {
  const ids: string[] = [];
  for (let at = run; at; at = at.parent) ids.push(at.id);
  return ids;
}

/** Ids of a run and all runs below it, ended ones included. */
export async function descendantsOf(store: Store, id: string): Promise<string[]> {
  const ids = [id];
  for (let level = [id]; level.length > 0; ) {
    const found: string[] = [];
    for await (const child of everyRecord(store, runCollection, { order: "desc", where: { parent_id: level } })) found.push(child.id);
    ids.push(...found);
    level = found;
  }
  return ids;
}

/** Whether a run is `ancestor` or below it. */
export async function isWithin(get: (id: string) => Promise<RunSummary>, id: string, ancestor: string): Promise<boolean> {
  for (let at: string | undefined = id; at !== undefined; ) {
    if (at === ancestor) return true;
    at = await get(at).then(
      (record) => record.parent_id,
      () => undefined,
    );
  }
  return false;
}

/** @throws `parent_finished`, `tree_limit` */
export function assertTakesChild(parent: ActiveRun, limits: Limits): void {
  if (parent.endingDecided) throw new AnodeError("parent_finished", "The parent run has ended.");
  if (parent.depth + 1 > limits.treeDepth) throw new AnodeError("tree_limit", `A run tree is at most ${limits.treeDepth} deep.`);
  if (parent.children.size >= limits.treeChildren)
    throw new AnodeError("tree_limit", `A run has at most ${limits.treeChildren} active children.`);
}
