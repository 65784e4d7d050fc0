import type { LevelName } from "../../../lib/node/process/levels/level.js";
import { beats, survivors } from "../../support/process-tree.js";

/** Who beats in each shape that goes on until it is ended. */
export const treeMembers: Readonly<Record<string, readonly string[]>> = {
  "01-one-child": ["leader", "child"],
  "02-three-levels": ["leader", "child", "grandchild"],
  "03-setsid-grandchild": ["leader", "grandchild"],
  "04-double-fork": ["leader", "daemon"],
  "05-deaf": ["leader", "child"],
  "06-respawner": ["leader", "child"],
  "07-stopped": ["leader", "stopped"],
  "09-cleared-environment": ["leader", "ghost"],
  "10-wrapper": ["agent"],
};

/** What a level states that it cannot hold. */
export const treeEscapes: Readonly<Partial<Record<LevelName, Readonly<Record<string, string>>>>> = {
  group: { "04-double-fork": "daemon", "09-cleared-environment": "ghost" },
  "group+cookie": { "09-cleared-environment": "ghost" },
};

/** What is left of a tree that was ended: who still beats, and all live processes that bear its mark. */
export async function leftOf(folder: string): Promise<{ readonly beating: string[]; readonly processes: string[] }> {
  const processes = [...survivors(folder).values()];
  const before = beats(folder);
  await new Promise((resolve) => setTimeout(resolve, 150));
  const beating = Object.entries(beats(folder)).flatMap(([name, size]) => (size === before[name] ? [] : [name]));
  return { beating, processes };
}

/** What is left beyond what the level states; nothing when it kept its word. */
export function brokenWord(level: LevelName, shape: string, left: Awaited<ReturnType<typeof leftOf>>): string[] {
  const escapee = treeEscapes[level]?.[shape];
  const stray = left.beating.filter((name) => name !== escapee);
  return escapee === undefined ? [...stray, ...left.processes] : stray;
}
