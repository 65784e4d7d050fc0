import { type Caller, localCaller } from "../caller.js";
import { AnodeError } from "../errors.js";
import type { EventBuffer } from "../events/buffer.js";
import { asEvents, follow, type FollowedStream, type FollowOptions, type PageForm, type Reading } from "../events/cursor.js";
import type { StreamEvent } from "../events/event.js";
import { type FeedFilter, type FeedRules, keepOf, plainRules, sightOf } from "../events/feed-filter.js";
import { asLines, framesOrGap, type Keep, kept, readStored, toFrames, toLines } from "../events/forms.js";
import { cursorFrame, eventsOfLines, heartbeatFrame, heartbeatLine, streamOpening } from "../events/frame.js";
import { feedStream, type Journal } from "../events/journal.js";
import { joinBytes } from "../events/packed-events.js";
import { type EventsBack, readBack } from "../events/read-back.js";
import type { Readers } from "../events/readers.js";
import type { Host } from "../host.js";
import type { Limits } from "../limits.js";
import type { Store } from "../store/store.js";
import { formatTime, parseTime } from "../system-host.js";
import type { Presence } from "./presence.js";

/** How to read the feed. Without `after` and `tail` it begins with the oldest event that is kept. */
export interface FeedOptions extends FeedFilter {
  /** Only events beyond this seq. */
  readonly after?: number;
  /** Begin with the last so many events, before any filter; 0 = only what is still to come. Counts where there is no `after`. */
  readonly tail?: number;
  /** False = what is committed, then the end. @defaultValue true */
  readonly follow?: boolean;
  /** The reader approves: while it reads, an approver of every question it may see is present. @defaultValue false */
  readonly approver?: boolean;
  /** Who reads; decides what is seen. @defaultValue the embedding application, which sees all */
  readonly caller?: Caller;
  /** Who knows the peers. @defaultValue nobody: a peer sees events of its own `peer_id` */
  readonly rules?: FeedRules;
  readonly signal?: AbortSignal;
}

/** One page of the feed. */
export interface FeedPage {
  readonly events: readonly StreamEvent[];
  readonly first_seq: number;
  readonly last_seq: number;
  readonly next_after: number;
}

/** A place in the feed from which one caller reads, in the form it wants. */
export interface FeedReader {
  /** SSE bytes, beginning with the reconnect hint. @throws `too_many_streams` */
  sse(): AsyncIterableIterator<Uint8Array, undefined>;
  /** The same as JSON lines. @throws `too_many_streams` */
  ndjson(): AsyncIterableIterator<Uint8Array, undefined>;
  /** At most `limit` committed events; never waits. */
  page(limit: number): Promise<FeedPage>;
}

/** Which of the feed's events to look back for. */
export interface FeedLookBack extends Pick<FeedOptions, "caller" | "rules"> {
  /** Of those that the caller may see. */
  readonly only: (event: StreamEvent) => boolean;
  /** Only events before this seq. @defaultValue the newest one too */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** The daemon-wide stream of events, for whoever may read it. */
export interface FeedReaders {
  /** Record events as objects, until `signal` aborts or the manager closes. @throws `cursor_ahead` */
  events(options?: FeedOptions): AsyncGenerator<StreamEvent>;
  /** @throws `cursor_ahead` */
  open(options?: FeedOptions): Promise<FeedReader>;
  /** Committed events, the newest first. */
  back(options: FeedLookBack): Promise<EventsBack>;
}

interface FeedPorts {
  readonly buffer: EventBuffer;
  readonly store: Store;
  readonly host: Host;
  readonly limits: Limits;
  readonly readers: Readers;
  readonly presence: Presence;
  /** Ids of a run and of all runs below it. */
  descendants(id: string): Promise<readonly string[]>;
  closed(): boolean;
}

/** What follows from the options: where to begin, and what is for this reader. */
interface Start {
  readonly after: number;
  /** False = nobody but us knows where it begins. */
  readonly isNamed: boolean;
  readonly keep: Keep | undefined;
}

const never = new AbortController().signal;

/** Readers of the feed: cursors into one stream that never ends. */
export class Feed implements FeedReaders {
  readonly #ports: FeedPorts;
  readonly #stream: FollowedStream;

  constructor(ports: FeedPorts) {
    this.#ports = ports;
    const { buffer, store, closed, host } = ports;
    this.#stream = { name: feedStream, buffer, store, ended: closed, gap: (from, to) => gapEvent(host, from, to) };
  }

  async *events(options: FeedOptions = {}): AsyncGenerator<StreamEvent> {
    const start = await this.#start(options);
    const form = start.keep ? kept(start.keep, (events) => events) : asEvents;
    for await (const page of this.#follow(form, start, options)) yield* page;
  }

  async open(options: FeedOptions = {}): Promise<FeedReader> {
    const start = await this.#start(options);
    const { keep, after, isNamed } = start;
    const { readers } = this.#ports;
    return {
      sse: () => {
        readers.assertRoom();
        return this.#follow(keep ? kept(keep, toFrames) : framesOrGap, start, options, {
          heartbeat: keep ? cursorFrame : () => heartbeatFrame,
          // A reader that began at the tail comes back to the same place, even if it has seen no event yet.
          opening: isNamed ? streamOpening : joinBytes([streamOpening, cursorFrame(after)]),
        });
      },
      ndjson: () => {
        readers.assertRoom();
        return this.#follow(keep ? kept(keep, toLines) : asLines, start, options, { heartbeat: () => heartbeatLine });
      },
      page: async (limit) => {
        const { events, nextAfter, firstSeq, lastSeq } = await readStored(this.#stream, after, limit, keep);
        return { events, first_seq: firstSeq, last_seq: lastSeq, next_after: nextAfter };
      },
    };
  }

  async back({ only, before, limit, caller = localCaller, rules = plainRules }: FeedLookBack): Promise<EventsBack> {
    const sees = sightOf(caller, await this.#runsOf(caller), rules) ?? (() => true);
    return readBack(this.#ports.store, feedStream, { before, limit, keep: (event) => only(event) && sees(event) });
  }

  async #start(options: FeedOptions): Promise<Start> {
    const { after, tail, caller = localCaller, rules = plainRules } = options;
    const { firstSeq, lastSeq } = await this.#ports.store.read(feedStream, Number.MAX_SAFE_INTEGER, 1);
    if (after !== undefined && after > lastSeq) {
      throw new AnodeError("cursor_ahead", `The cursor is beyond the newest event, ${lastSeq}.`, { details: { last_seq: lastSeq } });
    }
    const oldest = firstSeq === 0 ? lastSeq : firstSeq - 1;
    // After the seq: a run that is not among these is told of by the events behind it.
    const runs = await this.#runsOf(caller);
    return {
      after: after ?? (tail === undefined ? oldest : Math.max(oldest, lastSeq - tail)),
      isNamed: after !== undefined || tail === undefined,
      keep: keepOf(options, sightOf(caller, runs, rules), rules),
    };
  }

  async #runsOf({ run_id }: Caller): Promise<readonly string[]> {
    return run_id === undefined ? [] : this.#ports.descendants(run_id);
  }

  #follow<Value>(
    form: PageForm<Value>,
    { after }: Start,
    options: FeedOptions,
    extra: { readonly heartbeat?: (seq: number) => Value; readonly opening?: Value } = {},
  ): Reading<Value> {
    const { host, limits } = this.#ports;
    const { heartbeat, opening } = extra;
    const followOptions: FollowOptions<Value> = {
      after,
      follow: options.follow ?? true,
      signal: options.signal ?? never,
      attend: () => this.#attend(options),
      ...(opening !== undefined && { opening }),
      ...(heartbeat && { heartbeat: { ms: limits.heartbeatMs, clock: host.clock, value: heartbeat } }),
    };
    return follow(this.#stream, form, followOptions);
  }

  #attend({ approver = false, caller = localCaller }: FeedOptions): () => void {
    // A peer sees no questions that are for an approver.
    const approves = approver && (caller.peer_id === undefined || caller.run_id !== undefined);
    const leave = approves ? this.#ports.presence.join(caller.run_id) : () => {};
    const left = this.#ports.readers.enter();
    return () => {
      left();
      leave();
    };
  }
}

/** Opens the feed for appends where it ended, and shows its readers where that is. `committed` hears of what comes. */
export async function openFeed({
  store,
  buffer,
  journal,
  committed,
}: {
  store: Store;
  buffer: EventBuffer;
  journal: Journal;
  committed: (events: readonly StreamEvent[]) => void;
}): Promise<void> {
  const { lastSeq } = await store.read(feedStream, Number.MAX_SAFE_INTEGER, 1);
  const newest = lastSeq === 0 ? [] : eventsOfLines((await store.read(feedStream, lastSeq - 1, 1)).lines);
  journal.open(feedStream, lastSeq, { fold: () => ({}), committed }, newest[0] === undefined ? 0 : parseTime(newest[0].time));
  const reader = buffer.subscribe(feedStream, () => {});
  if (newest.length > 0 && reader.lastSeq() === 0) buffer.publish(feedStream, newest);
  reader.leave();
}

function gapEvent({ clock }: Host, from_seq: number, to_seq: number): StreamEvent {
  const payload = { from_seq, to_seq, reason: "trimmed" };
  return { id: `evt_${to_seq}`, seq: to_seq, type: "system.gap", time: formatTime(clock.now()), payload };
}
