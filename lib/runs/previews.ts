import type { Preview } from "../events/event.js";
import type { Redact } from "../events/journal.js";
import type { Limits } from "../limits.js";

interface Growing {
  readonly key: string;
  readonly type: string;
  /** The payload without `offset` and `text`. */
  readonly about: Readonly<Record<string, unknown>>;
  text: string;
  /** What of the text may be shown, without its secrets; it stands for the first `closed` units of the text. */
  shown: string;
  closed: number;
  /** Raised when shown text was replaced: a reader that saw an older one starts over. */
  rewrites: number;
  /** Too long: shown no more until its record event. */
  silent: boolean;
}

/** How far one reader got, per growing text. */
export type PreviewCursor = Map<string, { units: number; rewrites: number }>;

const rememberedIds = 64;

/** How secrets are kept out of growing texts. */
export interface Concealment {
  readonly redact: Redact;
  /** Where in a text something begins that may turn out to be secret in its next piece. */
  readonly heldFrom: (text: string) => number;
}

/** The texts of a run that are still growing. Readers pull what was added since they last looked; nothing is queued. */
export class Previews {
  readonly #limits: Limits;
  readonly #concealment: Concealment;
  readonly #growing = new Map<string, Growing>();
  /** Ids of the last messages and calls that are whole. */
  readonly #finished = new Set<string>();

  constructor(limits: Limits, concealment: Concealment) {
    this.#limits = limits;
    this.#concealment = concealment;
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
      // What comes after the record event, or after a beginning that was not taken, is shown to nobody.
      if (this.#finished.has(id) || (typeof offset === "number" && offset > 0)) return false;
      if (this.#growing.size >= this.#limits.previews) return false;
      entry = { key, type, about: this.#concealment.redact(about), text: "", shown: "", closed: 0, rewrites: 0, silent: false };
      this.#growing.set(key, entry);
    }
    if (entry.silent) return false;
    const kept = typeof offset === "number" ? Math.min(Math.max(0, offset), entry.text.length) : entry.text.length;
    if (kept < entry.closed) {
      entry.rewrites += 1;
      entry.closed = 0;
      entry.shown = "";
    }
    entry.text = entry.text.slice(0, kept) + text;
    this.#show(entry);
    // Three bytes a unit at most: near enough for a bound that only protects memory.
    entry.silent = entry.text.length > this.#limits.previewBytes;
    return !entry.silent;
  }

  /** Shows what is certain: the beginning of a secret waits for its next piece. */
  #show(entry: Growing): void {
    const { redact, heldFrom } = this.#concealment;
    const open = entry.text.slice(entry.closed);
    const certain = heldFrom(open);
    entry.closed += certain;
    entry.shown += redact({ text: open.slice(0, certain) }).text;
  }

  /** Where the event is the record of a whole message or the result of a call, its preview is over. */
  finish(type: string, payload: Readonly<Record<string, unknown>>): void {
    const id = type === "tool.result" ? payload["call_id"] : type.endsWith(".message") ? payload["message_id"] : undefined;
    if (typeof id !== "string") return;
    for (const [key, entry] of this.#growing) {
      if (entry.about["message_id"] === id || entry.about["call_id"] === id) this.#growing.delete(key);
    }
    this.#finished.add(id);
    const [oldest] = this.#finished;
    if (oldest !== undefined && this.#finished.size > rememberedIds) this.#finished.delete(oldest);
  }

  /** What the reader has not seen yet, at most one preview per growing text. */
  take(cursor: PreviewCursor, envelope: Omit<Preview, "type" | "payload">): Preview[] {
    const previews: Preview[] = [];
    for (const entry of this.#growing.values()) {
      const seen = cursor.get(entry.key);
      const offset = seen && seen.rewrites === entry.rewrites ? seen.units : 0;
      if (entry.silent || (seen?.rewrites === entry.rewrites && offset === entry.shown.length)) continue;
      cursor.set(entry.key, { units: entry.shown.length, rewrites: entry.rewrites });
      previews.push({ ...envelope, type: entry.type, payload: { ...entry.about, offset, text: entry.shown.slice(offset) } });
    }
    return previews;
  }
}
