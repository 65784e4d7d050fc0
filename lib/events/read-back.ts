import type { Store } from "../store/store.js";
import type { StreamEvent } from "./event.js";
import type { Keep } from "./forms.js";
import { eventsOfLines } from "./frame.js";

const windowEvents = 500;
const pageBytes = 256 * 1024;
/** A reader of few of many events gets a short page rather than one that took a look at all of them. */
const mostLookedAt = 10_000;

/** Some events of a stream, newest first. */
export interface EventsBack {
  readonly events: readonly StreamEvent[];
  /** Before this seq the next look goes on; absent when nothing older is kept. */
  readonly before?: number;
}

/** At most `limit` committed events before a seq, the newest first. They may be fewer although there are more: then `before` says where to go on. */
export async function readBack(
  store: Pick<Store, "read">,
  stream: string,
  { before, limit, keep }: { readonly before?: number | undefined; readonly limit: number; readonly keep: Keep },
): Promise<EventsBack> {
  const { firstSeq, lastSeq } = await store.read(stream, Number.MAX_SAFE_INTEGER, 1);
  const oldest = Math.max(firstSeq, 1);
  const found: StreamEvent[] = [];
  let end = Math.min(before ?? Number.POSITIVE_INFINITY, lastSeq + 1);
  const enough = end - mostLookedAt;
  while (end > oldest && end > enough) {
    const start = Math.max(oldest, end - windowEvents);
    for (const event of (await eventsBetween(store, stream, start, end)).toReversed()) {
      if (!keep(event)) continue;
      if (found.length === limit) return { events: found, before: event.seq + 1 };
      found.push(event);
    }
    end = start;
  }
  return { events: found, ...(end > oldest && { before: end }) };
}

async function eventsBetween(store: Pick<Store, "read">, stream: string, start: number, end: number): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for (let after = start - 1; after < end - 1; ) {
    const { lines, toSeq } = await store.read(stream, after, pageBytes);
    // What was there a moment ago may have been trimmed.
    if (toSeq === 0) break;
    for (const event of eventsOfLines(lines)) if (event.seq < end) events.push(event);
    after = toSeq;
  }
  return events;
}
