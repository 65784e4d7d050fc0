import { asFrames, type FollowedStream, type PageForm } from "./cursor.js";
import { encodeLine } from "./encode.js";
import type { StreamEvent } from "./event.js";
import { eventsOfLines, frameText, lineBytes, linesOfFrames } from "./frame.js";
import { release } from "../release.js";

const encoder = new TextEncoder();
const pageBytes = 64 * 1024;
const chunkBytes = 256 * 1024;
const chunkEvents = 512;

/** Whether an event is for a reader. */
export type Keep = (event: StreamEvent) => boolean;

/** SSE frames shared by all readers, a gap as one more frame. */
export const framesOrGap = asFrames((gap) => encoder.encode(frameText(gap)));

/** NDJSON, cut out of the same frames. */
export const asLines: PageForm<Uint8Array> = {
  fromBuffer(reader, after) {
    const chunk = reader.frames(after, chunkBytes);
    return chunk && { value: linesOfFrames(chunk.frames, chunk.fromSeq), toSeq: chunk.toSeq };
  },
  fromLines: (lines) => lines,
  fromGap: lineBytes,
};

/** Only the events that are for the reader, as `write` puts them; a gap is for everybody. */
export function kept<Value>(keep: Keep, write: (events: readonly StreamEvent[]) => Value): PageForm<Value> {
  const pick = (events: readonly StreamEvent[]): Value | undefined => {
    const found = events.filter(keep);
    return found.length > 0 ? write(found) : undefined;
  };
  return {
    isPartial: true,
    fromBuffer(reader, after) {
      const events = reader.events(after, chunkEvents);
      return events && events.length > 0 ? { value: pick(events), toSeq: after + events.length } : undefined;
    },
    fromLines(lines) {
      const events = eventsOfLines(lines);
      release(lines);
      return pick(events);
    },
    fromGap: (gap) => write([gap]),
  };
}

/** Events as SSE frames of one reader's own. */
export function toFrames(events: readonly StreamEvent[]): Uint8Array {
  return encoder.encode(events.map(frameText).join(""));
}

/** Events as JSON lines of one reader's own. */
export function toLines(events: readonly StreamEvent[]): Uint8Array {
  return encoder.encode(events.map((event) => `${encodeLine(event)}\n`).join(""));
}

/** What one look into the store gave. */
export interface StoredEvents {
  readonly events: readonly StreamEvent[];
  /** Seq from which the next look goes on. */
  readonly nextAfter: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** At most `limit` committed events after the cursor, one gap where some are gone; never waits. */
export async function readStored(
  { store, name, gap }: Pick<FollowedStream, "store" | "name" | "gap">,
  after: number,
  limit: number,
  keep: Keep = () => true,
): Promise<StoredEvents> {
  const events: StreamEvent[] = [];
  let nextAfter = after;
  for (;;) {
    const { lines, fromSeq, toSeq, firstSeq, lastSeq } = await store.read(name, nextAfter, pageBytes);
    const goneTo = toSeq === 0 ? lastSeq : fromSeq - 1;
    if (goneTo > nextAfter) {
      events.push(await gap(nextAfter + 1, goneTo));
      nextAfter = goneTo;
    }
    for (const event of eventsOfLines(lines)) {
      if (events.length >= limit) break;
      nextAfter = event.seq;
      if (keep(event)) events.push(event);
    }
    if (events.length >= limit || nextAfter >= lastSeq) return { events, nextAfter, firstSeq, lastSeq };
  }
}
