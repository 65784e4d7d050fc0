import type { StreamEvent } from "./event.js";
import type { FrameChunk } from "./slab.js";

/**
 * The live ring in front of a store's streams: recent events as shared frames, cursors into them, wake-ups.
 *
 * The journal calls `publish` once per stream and commit, in seq order, after the commit. Readers pull with a cursor;
 * the buffer keeps nothing per reader but its wake-up. It is bounded and answers `undefined` for what it let go, which
 * the reader then takes from the store. `release` is called when a stream has ended.
 */
export interface EventBuffer {
  /** A buffer that is itself durable names the store it stands for; over any other store it is refused. */
  readonly durableOver?: object;
  /** Adds committed events and wakes every reader of the stream. */
  publish(stream: string, events: readonly StreamEvent[]): void;
  /** Wakes the readers of a stream for another reason: previews, the end. */
  wake(stream: string): void;
  /** A reader of the stream, whether it is held or not: `wake` is called after each change until the reader leaves. */
  subscribe(stream: string, wake: () => void): BufferReader;
  /** Number of readers of a stream. */
  readers(stream: string): number;
  /** Lets a stream's events go, as soon as nobody reads them; new readers go to the store. */
  release(stream: string): void;
}

/** One reader of a stream: what it reads is found once, not by name at each read. */
export interface BufferReader {
  /** Seq of the newest event published; 0 = the stream is not held at all, ask the store. */
  lastSeq(): number;
  /** Frames after the cursor, at least one, up to about `limitBytes`; `undefined` when the next event is not held. */
  frames(after: number, limitBytes: number): FrameChunk | undefined;
  /** The same as event objects. */
  events(after: number, limit: number): readonly StreamEvent[] | undefined;
  leave(): void;
}
