import { createContext } from "preact";
import { useContext, useEffect, useReducer, useRef, useState } from "preact/hooks";
import type { StreamEvent } from "../../lib/events/event.js";
import type { App } from "./app.js";
import type { Cell } from "./cell.js";
import { createReloader } from "./reloader.js";

/** What all pages work with. */
export const AppContext = createContext<App | undefined>(undefined);

/** The {@link App} of a page that is only shown to those who are logged in. */
export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("There is no app around this page.");
  return app;
}

/** A cell's value; draws again when it is another. */
export function useCell<Value>(cell: Cell<Value>): Value {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    draw(undefined);
    return cell.watch(() => draw(undefined));
  }, [cell]);
  return cell.get();
}

/** The time, in steps. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** Something that was read from the daemon. */
export interface Loaded<Value> {
  readonly value?: Value;
  readonly error?: unknown;
  reload(): void;
}

const pauseMs = 250;

/** Reads something, and again when `keys` are others, the feed says that it may have changed, or it is asked for. */
export function useLoaded<Value>(
  load: () => Promise<Value>,
  keys: readonly unknown[],
  isTouchedBy?: (event: StreamEvent) => boolean,
): Loaded<Value> {
  const { feed } = useApp();
  const [state, setState] = useState<{ readonly value?: Value; readonly error?: unknown }>({});
  const reload = useRef<() => void>(() => {});
  useEffect(() => {
    let isGone = false;
    let hasFailed = false;
    const reloader = createReloader(async () => {
      const next = await load().then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      hasFailed = "error" in next;
      if (!isGone) setState(next);
    }, pauseMs);
    reload.current = () => reloader.touch();
    reloader.touch();
    const leaveEpoch = feed.epoch.watch(() => reloader.touch());
    // What failed for want of a daemon is read again when there is one.
    const leaveLink = feed.link.watch(() => feed.link.get().state === "live" && hasFailed && reloader.touch());
    const leaveFeed = feed.on((event) => void (isTouchedBy?.(event) && reloader.touch()));
    return () => {
      isGone = true;
      reloader.close();
      leaveEpoch();
      leaveLink();
      leaveFeed();
    };
  }, keys);
  return { ...state, reload: () => reload.current() };
}
