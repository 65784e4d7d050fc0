import { createEvent } from "../events/encode.js";
import type { StreamEvent } from "../events/event.js";
import type { Limits } from "../limits.js";
import type { Append, Store, StreamPage } from "../store/store.js";

/** A fresh store of the implementation under test. */
export interface StoreInstance {
  readonly store: Store;
  /** Closes the store and opens what it left; durable stores only. */
  reopen?(): Promise<Store>;
  /** Closes what is open and takes away what it left. */
  dispose(): Promise<void>;
}

/** An implementation of `Store`, as its suite needs it. */
export interface StoreSubject {
  readonly supports: Store["supports"];
  make(limits?: Partial<Limits>): Promise<StoreInstance>;
}

/** A case's body with a fresh store, which is disposed of whatever happens. */
export function withStore(
  body: (store: Store, instance: StoreInstance) => Promise<void>,
  limits?: Partial<Limits>,
): (subject: StoreSubject) => Promise<void> {
  return async (subject) => {
    const instance = await subject.make(limits);
    try {
      await body(instance.store, instance);
    } finally {
      await instance.dispose();
    }
  };
}

/** An event of the suites; the same seq and text give the same event. */
export function eventOf(seq: number, text = `text ${seq}`): StreamEvent {
  return createEvent({ run_id: "R-1_1", seq, type: "test.event", status: "running", time: "2026-01-02T03:04:05.678Z", payload: { text } });
}

/** An append of `count` events after `expectedSeq`. */
export function appendOf(stream: string, expectedSeq: number, count = 1, text?: string): Append {
  return { stream, expectedSeq, events: Array.from({ length: count }, (_, index) => eventOf(expectedSeq + 1 + index, text)) };
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The events of a page, after a look at its form: whole lines, ended by LF. */
export function eventsOf(page: StreamPage): readonly StreamEvent[] {
  return linesOf(page).map((line) => JSON.parse(line) as StreamEvent);
}

/** The lines of a page, without their ends. */
export function linesOf(page: StreamPage): readonly string[] {
  const text = decoder.decode(page.lines);
  if (text === "") return [];
  if (!text.endsWith("\n")) throw new Error("A page must end with a line end.");
  return text.slice(0, -1).split("\n");
}

/** The seqs of all events after the cursor, read page by page. */
export async function seqsOf(store: Store, stream: string, after = 0, limitBytes = 65_536): Promise<readonly number[]> {
  const seqs: number[] = [];
  for (let cursor = after; ; ) {
    const page = await store.read(stream, cursor, limitBytes);
    const events = eventsOf(page);
    if (events.length === 0) return seqs;
    if (page.toSeq <= cursor) throw new Error(`A page after seq ${cursor} must end beyond it, it ends at ${page.toSeq}.`);
    seqs.push(...events.map(({ seq }) => seq));
    cursor = page.toSeq;
  }
}
