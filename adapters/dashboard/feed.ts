import type { StreamEvent } from "../../lib/events/event.js";
import type { Client } from "../client/client-types.js";
import { type Cell, cell } from "./cell.js";
import { createFollowing, type Link } from "./follow.js";

/** The daemon's feed, read for as long as somebody is logged in. */
export interface Feed {
  readonly link: Cell<Link>;
  /** Another number = lists must be read anew: the feed begins here, or has a gap. */
  readonly epoch: Cell<number>;
  /** Calls with each event; answers how to leave. */
  on(listener: (event: StreamEvent) => void): () => void;
  opened(): void;
}

/** Begins to read the feed. With `approver` the open page counts as an approver. */
export function openFeed(client: Client, approver: boolean, signal: AbortSignal): Feed {
  const listeners = new Set<(event: StreamEvent) => void>();
  const following = createFollowing<StreamEvent>();
  const epoch = cell(0);
  const renew = (): void => epoch.set(epoch.get() + 1);
  let isNew = true;
  void following.run(
    (after, onReconnect) => client.events({ ...(after === undefined ? { tail: 0 } : { after }), approver, signal, onReconnect }),
    {
      event(event) {
        if (event.type === "system.gap") renew();
        for (const listener of [...listeners]) listener(event);
      },
      restart: () => void (isNew = true),
    },
    signal,
  );
  return {
    link: following.link,
    epoch,
    on(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    opened() {
      following.opened();
      // From here on no change is missed: what is read now is true, and what comes is newer.
      if (isNew) renew();
      isNew = false;
    },
  };
}
