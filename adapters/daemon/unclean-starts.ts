import { readFileSync } from "node:fs";
import { replaceFile } from "../../lib/node/private-file.js";

/** Whether a daemon that dies again and again may start runs. */
export interface Starts {
  /** True after five starts within a minute of which none ended in order: then nothing starts by itself. */
  readonly isPaused: boolean;
  /** True as soon as an operator has lifted the pause. */
  isLifted(): boolean;
  /** Says that this life ends in order; to be called last. */
  markClean(): void;
}

const windowMs = 60_000;
const most = 5;

/** Takes the mark of an orderly end away and notes this start. Times are Unix milliseconds. */
export function beginStart(path: string, nowMs: number): Starts {
  // An end in order leaves no times behind, so every time that is there belongs to a life that ended without one.
  const unclean = readTimes(path).filter((at) => at > nowMs - windowMs && at <= nowMs);
  replaceFile(path, JSON.stringify([...unclean, nowMs]));
  return {
    isPaused: unclean.length >= most,
    isLifted: () => readTimes(path).length === 0,
    markClean: () => forgetStarts(path),
  };
}

/** Lifts the pause of a daemon that runs, or of the next start. */
export function forgetStarts(path: string): void {
  replaceFile(path, "[]");
}

function readTimes(path: string): number[] {
  try {
    const times: unknown = JSON.parse(readFileSync(path, "utf8"));
    return Array.isArray(times) ? times.filter((at) => typeof at === "number") : [];
  } catch {
    return [];
  }
}
