import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { replaceFile } from "../../lib/node/private-file.js";

/** An editor's session and the thread of its runs, once it has one. */
export interface SessionPair {
  readonly id: string;
  readonly session_id?: string;
}

/** The pairs that outlive this process. */
export interface SessionPairs {
  /** By the editor's id or the thread's own. */
  find(id: string): SessionPair | undefined;
  /** Keeps a pair as the newest. */
  keep(pair: SessionPair): void;
}

const kept = 1_000;

/** The pairs in a file, newest last. Read anew before each change: several editors share it. */
export function openSessionPairs(path: string): SessionPairs {
  const read = (): readonly SessionPair[] => {
    try {
      const found: unknown = JSON.parse(readFileSync(path, "utf8"));
      return Array.isArray(found) ? found.filter(isPair) : [];
    } catch {
      return [];
    }
  };
  return {
    find: (id) => read().findLast((pair) => pair.id === id || pair.session_id === id),
    keep(pair) {
      const pairs = [...read().filter(({ id }) => id !== pair.id), pair].slice(-kept);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      replaceFile(path, JSON.stringify(pairs));
    },
  };
}

function isPair(value: unknown): value is SessionPair {
  return typeof value === "object" && value !== null && "id" in value && typeof value.id === "string";
}
