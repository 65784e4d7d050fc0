import type { Preview } from "../events/event.js";
import type { Limits } from "../limits.js";

interface Growing {
  readonly key: string;
  readonly type: string;
  /** The payload without `offset` and `text`. */
  readonly about: Readonly<Record<string, unknown>>;
  text: string;
  /** Raised when text was replaced: a reader that saw an older one starts over. */
  rewrites: number;
  /** Too long: shown no more until its record event. */
  silent: boolean;
}

/** How far one reader got, per growing text. */
export type PreviewCursor = Map<string, { units: number; rewrites: number }>;

/** The texts of a run that are still growing. Readers pull what was added since they last looked; nothing is queued. */
export class Previews {
  readonly #limits: Limits;
  readonly #growing = new Map<string, Growing>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Takes a delta: keeps `offset` units of what is there, then appends. Answers whether readers have something new. */
  add(type: string, payload: Readonly<Record<string, unknown>>): boolean {
    const { offset, text, ...about } = payload;
    const id = about["message_id"] ?? about["call_id"];
    if (typeof id !== "string" || typeof text !== "string") return false;
    const stream = typeof about["stream"] === "string" ? about["stream"] : "";
    const key = `${type} ${id} ${stream}`;
    let entry = this.#growing.get(key);
    if (!entry) {
      if (this.#growing.size >= this.#limits.previews) return false;
      entry = { key, type, about, text: "", rewrites: 0, silent: false };
      this.#growing.set(key, entry);
    }
    if (entry.silent) return false;
    const kept = typeof offset === "number" ? Math.min(Math.max(0, offset), entry.text.length) : entry.text.length;
    if (kept < entry.text.length) entry.rewrites += 1;
    entry.text = entry.text.slice(0, kept) + text;
    // Three bytes a unit at most: near enough for a bound that only protects memory.
    entry.silent = entry.text.length > this.#limits.previewBytes;
    return !entry.silent;
  }

  /** The record event of a message or call is there: its preview is over. */
  finish(payload: Readonly<Record<string, unknown>>): void {
    const id = payload["message_id"] ?? payload["call_id"];
    if (this.#growing.size === 0 || typeof id !== "string") return;
    for (const [key, entry] of this.#growing) {
      if (entry.about["message_id"] === id || entry.about["call_id"] === id) this.#growing.delete(key);
    }
  }

  /** What the reader has not seen yet, at most one preview per growing text. */
  take(cursor: PreviewCursor, envelope: Omit<Preview, "type" | "payload">): Preview[] {
    const previews: Preview[] = [];
    for (const entry of this.#growing.values()) {
      const seen = cursor.get(entry.key);
      const offset = seen && seen.rewrites === entry.rewrites ? seen.units : 0;
      if (entry.silent || (seen?.rewrites === entry.rewrites && offset === entry.text.length)) continue;
      cursor.set(entry.key, { units: entry.text.length, rewrites: entry.rewrites });
      previews.push({ ...envelope, type: entry.type, payload: { ...entry.about, offset, text: entry.text.slice(offset) } });
    }
    return previews;
  }
}
