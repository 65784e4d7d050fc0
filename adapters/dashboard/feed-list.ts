import type { StreamEvent } from "../../lib/events/event.js";

const mostKept = 20_000;

/** The newest events of the feed, oldest first, each once: a page that was read, and what comes. */
export interface FeedList {
  readonly events: readonly StreamEvent[];
  /** What the feed tells. It may be later than a page that was read, and tell once more what is on it. */
  add(event: StreamEvent): void;
  /** A page, up to the seq that it says; what came meanwhile is behind it. */
  read(page: readonly StreamEvent[], lastSeq: number): void;
  /** The feed begins anew, and its numbers may too. */
  restart(): void;
}

/** Makes a {@link FeedList}. */
export function createFeedList(): FeedList {
  let events: StreamEvent[] = [];
  let readTo = 0;
  return {
    get events() {
      return events;
    },
    add(event) {
      if (event.seq <= readTo) return;
      events.push(event);
      if (events.length > mostKept) events = events.slice(-mostKept / 2);
    },
    read(page, lastSeq) {
      events = [...page, ...events.filter(({ seq }) => seq > lastSeq)];
      readTo = lastSeq;
    },
    restart() {
      readTo = 0;
    },
  };
}
