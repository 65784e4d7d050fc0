import type { Preview, StreamEvent } from "../../lib/events/event.js";
import type { App } from "./app.js";
import { type Cell, cell } from "./cell.js";
import { createFollowing, type Link } from "./follow.js";
import { perFrame } from "./per-frame.js";
import { createRunRows, type RunRows } from "./run-rows.js";

/** The events of the run in view. */
export interface RunStream {
  readonly link: Cell<Link>;
  readonly rows: RunRows;
  /** Another number = there is something to draw; at most once a frame. */
  readonly drawn: Cell<number>;
  close(): void;
}

/** Reads a run's events from its first, live. It is the one stream beside the feed. */
export function openRunStream(app: App, id: string): RunStream {
  const closing = new AbortController();
  const following = createFollowing<StreamEvent | Preview>();
  const rows = createRunRows();
  const drawn = cell(0);
  const draw = perFrame(() => drawn.set(rows.version));
  const own = { opened: () => following.opened() };
  app.stream = own;
  void following.run(
    (after, onReconnect) => app.client.runs.attach(id, { after: after ?? 0, previews: true, signal: closing.signal, onReconnect }),
    {
      event(event) {
        rows.add(event);
        draw();
      },
      restart() {
        rows.clear();
        draw();
      },
    },
    closing.signal,
  );
  return {
    link: following.link,
    rows,
    drawn,
    close() {
      closing.abort();
      if (app.stream === own) app.stream = undefined;
    },
  };
}
