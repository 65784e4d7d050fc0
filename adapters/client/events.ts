import type { StreamEvent } from "../../lib/events/event.js";
import type { CarrierReply } from "./carrier.js";
import { resume, type ResumeOptions, type ResumePorts } from "./resume.js";

/** How to read the feed; without `after` and `tail` from the oldest event that is kept. */
export interface FeedOptions extends ResumeOptions {
  /** Begin with the last so many events; 0 = only what is still to come. */
  readonly tail?: number;
  /** Only events of these types; a `system.gap` is always shown. */
  readonly types?: readonly string[];
  /** Only events of this peer. */
  readonly peer_id?: string;
  /** Only events of this circle. */
  readonly circle?: string;
}

/** How a client reaches the feed. */
export interface FeedPorts extends ResumePorts {
  open(input: Readonly<Record<string, unknown>>, signal: AbortSignal, retries?: number): Promise<CarrierReply>;
  lastSeq(signal: AbortSignal): Promise<number>;
}

/** The events of the feed, which has no last one. */
export function feedEvents(ports: FeedPorts, options: FeedOptions): AsyncIterableIterator<StreamEvent> {
  const { tail, types, peer_id, circle, approver = false, follow = true } = options;
  const filter = { ...(types && { types }), ...(peer_id !== undefined && { peer_id }), ...(circle !== undefined && { circle }) };
  const feed = {
    open(after: number | undefined, signal: AbortSignal, retries?: number) {
      const place = after !== undefined ? { after } : tail === undefined ? {} : { tail };
      return ports.open({ ...place, ...filter, approver, follow }, signal, retries);
    },
    lastSeq: ports.lastSeq,
    isLast: () => false,
  };
  return resume(ports, feed, options) as AsyncIterableIterator<StreamEvent>;
}
