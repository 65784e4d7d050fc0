import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../support/sqlite.js";
import type { Programs, Written } from "./store-process.js";
import { type Call, persistenceCalls, readLog, straced } from "./store-strace.js";
import type { WriterPlan } from "./store-writer.js";

/** A writer's work from a given beginning: always the same calls, so that one can be told to go wrong. */
export interface Scenario {
  readonly name: string;
  readonly seed: number;
  /** The operation at which it begins. */
  readonly from: number;
  /** Runs it once more in a folder of its own, which is gone when `look` has looked. */
  play<Result>(options: PlayOptions, look: (played: Played) => Result | Promise<Result>): Promise<Result>;
}

/** What is different this time. */
export interface PlayOptions {
  readonly inject?: string;
  readonly bug?: string | undefined;
  readonly withData?: boolean;
}

/** What came of it. */
export interface Played {
  readonly path: string;
  readonly written: Written;
  /** All calls on the store's files, and the writes that say how it goes. */
  readonly calls: readonly Call[];
}

/** A call of a scenario: the n-th of its name. */
export interface Point {
  readonly scenario: Scenario;
  readonly call: string;
  readonly when: number;
}

interface ScenarioOptions {
  readonly name: string;
  readonly seed: number;
  /** Done before, and left as a sudden death leaves it. */
  readonly before: readonly (number | "tidy")[];
  readonly steps: WriterPlan["steps"];
  /** Where it is played. @defaultValue the folder of temporary files */
  readonly parent?: string;
}

/** Prepares a scenario; `remove` takes away what it begins with. */
export async function scenario({ write }: Programs, options: ScenarioOptions): Promise<Scenario & { remove(): void }> {
  const { name, seed, before, steps, parent } = options;
  const template = temporaryFolder(parent);
  const { acknowledged } =
    before.length === 0
      ? { acknowledged: 0 }
      : await write({ path: template.file("store.db"), seed, inFlight: 1, steps: [...before, "die"] });
  return {
    name,
    seed,
    from: acknowledged,
    async play({ inject, bug, withData = false }, look) {
      const folder = temporaryFolder(parent);
      try {
        const state = folder.file("state");
        mkdirSync(state);
        for (const file of readdirSync(template.path)) copyFileSync(template.file(file), join(state, file));
        const path = join(state, "store.db");
        const log = folder.file("log");
        const also = folder.file("said");
        const wrap = straced({ path, also, log, withData, ...(inject !== undefined && { inject }) });
        const written = await write({ path, seed, inFlight: 1, steps, bug, to: also }, { wrap });
        return await look({ path, written, calls: readLog(log) });
      } finally {
        folder.remove();
      }
    },
    remove: template.remove,
  };
}

/** Making room in the log is thousands of writes alike: of a long stretch the beginning, and a few of the rest. */
function isWorthwhile(stretch: number): boolean {
  return stretch <= 40 || stretch % 200 === 0;
}

/** Calls of the scenario that change what lies on the disk; strace counts each thread's calls for themselves. */
export async function pointsOf(of: Scenario): Promise<Point[]> {
  return of.play({}, ({ calls, written }) => {
    if (written.lines.at(-1) !== "closed") throw new Error(`The writer of ${of.name} did not do its work: ${written.lines.at(-1)}`);
    const counts = new Map<string, number>();
    const points = new Map<string, Point>();
    let stretch = 0;
    for (const { thread, name } of calls) {
      if (!(persistenceCalls as readonly string[]).includes(name)) continue;
      stretch = name === "pwrite64" ? stretch + 1 : 0;
      const when = (counts.get(`${thread} ${name}`) ?? 0) + 1;
      counts.set(`${thread} ${name}`, when);
      if (isWorthwhile(stretch)) points.set(`${name} ${when}`, { scenario: of, call: name, when });
    }
    return [...points.values()];
  });
}
