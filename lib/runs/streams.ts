import type { EventBuffer } from "../events/buffer.js";
import { asEvents, follow, type FollowedStream, type FollowOptions, type PageForm, type Reading } from "../events/cursor.js";
import type { Preview, StreamEvent } from "../events/event.js";
import { asLines, framesOrGap, readStored } from "../events/forms.js";
import { heartbeatFrame, heartbeatLine, lineBytes, previewFrame, streamOpening } from "../events/frame.js";
import { joinBytes } from "../events/packed-events.js";
import type { Readers } from "../events/readers.js";
import type { Host } from "../host.js";
import type { Limits } from "../limits.js";
import type { Store } from "../store/store.js";
import { formatTime } from "../system-host.js";
import { type ActiveRun, runStream } from "./active-run.js";
import type { Presence } from "./presence.js";
import type { PreviewCursor } from "./previews.js";
import type { RunSummary } from "./schema.js";
import { isTerminal } from "./transitions.js";

/** How to read a run's events. */
export interface AttachOptions {
  /** Only events beyond this seq. @defaultValue 0 */
  readonly after?: number;
  /** False = what is committed, then the end. @defaultValue true */
  readonly follow?: boolean;
  /** Growing text too. @defaultValue false */
  readonly previews?: boolean;
  /** The reader approves: while it reads, an approver is present. @defaultValue false */
  readonly approver?: boolean;
  readonly signal?: AbortSignal;
}

/** One page of a run's events. */
export interface EventPage {
  readonly events: readonly StreamEvent[];
  readonly first_seq: number;
  readonly last_seq: number;
  readonly next_after: number;
  readonly status: string;
}

/** Readers of a manager's runs, counted and bounded. */
export interface RunReaders {
  /** Readers at this moment. */
  readonly readers: number;
  /** Record events (and previews, if wanted) as objects. @throws `run_not_found` */
  events(id: string, options?: AttachOptions): AsyncGenerator<StreamEvent | Preview>;
  /** SSE bytes, from the reconnect hint to the frame of the terminal event. */
  sse(record: RunSummary, options: AttachOptions): AsyncIterableIterator<Uint8Array, undefined>;
  /** The same as JSON lines. */
  ndjson(record: RunSummary, options: AttachOptions): AsyncIterableIterator<Uint8Array, undefined>;
  /** At most `limit` committed events after the cursor; never waits. */
  page(record: RunSummary, after: number, limit: number): Promise<EventPage>;
  /** @throws `too_many_streams` */
  assertRoom(id: string): void;
}

interface StreamPorts {
  readonly buffer: EventBuffer;
  readonly store: Store;
  readonly host: Host;
  readonly limits: Limits;
  readonly readers: Readers;
  readonly presence: Presence;
  active(id: string): ActiveRun | undefined;
  /** @throws `run_not_found` */
  record(id: string): Promise<RunSummary>;
  closed(): boolean;
}

const never = new AbortController().signal;

/** Readers of runs: cursors into their streams, counted and bounded. */
export class RunStreams implements RunReaders {
  readonly #ports: StreamPorts;

  constructor(ports: StreamPorts) {
    this.#ports = ports;
  }

  get readers(): number {
    return this.#ports.readers.count;
  }

  /** Record events (and previews, if wanted) as objects. */
  async *events(id: string, options: AttachOptions = {}): AsyncGenerator<StreamEvent | Preview> {
    const record = await this.#ports.record(id);
    for await (const page of this.#follow<readonly (StreamEvent | Preview)[]>(record, asEvents, options, (previews) => previews))
      yield* page;
  }

  /** SSE bytes, from the reconnect hint to the frame of the terminal event. */
  sse(record: RunSummary, options: AttachOptions): Reading<Uint8Array> {
    const extra = { heartbeat: heartbeatFrame, opening: streamOpening };
    return this.#follow(record, framesOrGap, options, (previews) => joinBytes(previews.map(previewFrame)), extra);
  }

  /** The same as JSON lines. */
  ndjson(record: RunSummary, options: AttachOptions): Reading<Uint8Array> {
    return this.#follow(record, asLines, options, (previews) => joinBytes(previews.map(lineBytes)), { heartbeat: heartbeatLine });
  }

  /** At most `limit` committed events after the cursor; never waits. */
  async page(record: RunSummary, after: number, limit: number): Promise<EventPage> {
    const { events, nextAfter, firstSeq } = await readStored(this.#stream(record), after, limit);
    return { events, first_seq: firstSeq, last_seq: record.last_seq, next_after: nextAfter, status: record.status };
  }

  /** @throws `too_many_streams` */
  assertRoom(id: string): void {
    const { limits, buffer, readers } = this.#ports;
    readers.assertRoom(buffer.readers(runStream(id)) >= limits.streamsPerRun);
  }

  #follow<Value>(
    record: RunSummary,
    form: PageForm<Value>,
    options: AttachOptions,
    show: (previews: readonly Preview[]) => Value,
    extra: { readonly heartbeat?: Value; readonly opening?: Value } = {},
  ): Reading<Value> {
    const { host, limits } = this.#ports;
    const { heartbeat, opening } = extra;
    const seen: PreviewCursor = new Map();
    const followOptions: FollowOptions<Value> = {
      after: options.after ?? 0,
      follow: options.follow ?? true,
      signal: options.signal ?? never,
      attend: () => this.#attend(record.id, options.approver ?? false),
      ...(opening !== undefined && { opening }),
      ...(options.previews && { live: () => this.#previews(record.id, seen, show) }),
      ...(heartbeat !== undefined && { heartbeat: { ms: limits.heartbeatMs, clock: host.clock, value: () => heartbeat } }),
    };
    return follow(this.#stream(record), form, followOptions);
  }

  /** Counts a reader until the returned function is called. */
  #attend(id: string, isApprover: boolean): () => void {
    const leave = isApprover ? this.#ports.presence.join(id) : () => {};
    const left = this.#ports.readers.enter();
    return () => {
      left();
      leave();
    };
  }

  #stream(record: RunSummary): FollowedStream {
    const { buffer, store, active, closed } = this.#ports;
    return {
      name: runStream(record.id),
      buffer,
      store,
      ended: () => isTerminal(record.status) || active(record.id) === undefined || closed(),
      gap: async (from, to) => this.#gap(await this.#ports.record(record.id), from, to),
    };
  }

  #previews<Value>(id: string, seen: PreviewCursor, show: (previews: readonly Preview[]) => Value): Value | undefined {
    const run = this.#ports.active(id);
    if (!run) return undefined;
    const time = formatTime(this.#ports.host.clock.now());
    const previews = run.previews.take(seen, { run_id: id, status: run.shown.status, time });
    return previews.length > 0 ? show(previews) : undefined;
  }

  /** The only event that stands for others: it names the range that is gone and the record as it is now. */
  #gap(record: RunSummary, from_seq: number, to_seq: number): StreamEvent {
    return {
      id: `evt_${to_seq}`,
      run_id: record.id,
      seq: to_seq,
      type: "system.gap",
      status: record.status,
      time: formatTime(this.#ports.host.clock.now()),
      payload: { from_seq, to_seq, reason: "trimmed", summary: record },
    };
  }
}
