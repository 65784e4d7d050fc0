import type { Clock, Host } from "./host.js";

/** Gives ids `<prefix>-<Unix nanoseconds>_<counter>`, each above every one before it. */
export interface Ids {
  next(): string;
  /** Makes every further id greater than this one of an earlier process. */
  startAfter(id: string): void;
  /** The same for every id of an earlier process that was given by this time. */
  startAfterTime(unixMs: number): void;
}

/** Ids of one kind. A clock that steps back repeats its last time; the counter keeps them apart. */
export function createIds(prefix: string, clock: Clock): Ids {
  let lastMs = 0;
  let count = 0;
  // One above: the counter starts anew with each process.
  const startAfterTime = (unixMs: number): void => {
    lastMs = Math.max(lastMs, unixMs + 1);
  };
  return {
    startAfterTime,
    next() {
      lastMs = Math.max(lastMs, clock.now());
      count += 1;
      return `${prefix}-${String(lastMs).padStart(13, "0")}000000_${count}`;
    },
    startAfter(id) {
      const ns = /^[A-Z]-(\d{19})_\d+$/.exec(id)?.[1];
      if (ns) startAfterTime(Number(ns.slice(0, 13)));
    },
  };
}

/** True for the text form of a run id. */
export function isRunId(text: string): boolean {
  return /^R-\d{19}_\d{1,16}$/.test(text);
}

const hexDigits = "0123456789abcdef";
const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** An unguessable id without any meaning: the prefix and lower-case hex digits, as `peer-3f0c…`. @param digits - a multiple of 4 */
export function randomHexId(host: Pick<Host, "randomId">, prefix: string, digits = 16): string {
  // Each character carries six random bits; a digit takes four of them.
  let id = `${prefix}-`;
  for (const character of host.randomId((digits * 3) / 4)) id += hexDigits.charAt(base64url.indexOf(character) & 15);
  return id;
}
