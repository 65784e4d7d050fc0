import { isAnodeError } from "../../lib/errors.js";
import { messageOf } from "../../lib/thrown.js";
import type { ReconnectInfo } from "../client/resume.js";
import { type Cell, cell } from "./cell.js";

/** How it is with a stream, as people see it. `offline` is the same as `reconnecting`, after so many failures that nobody waits for it. */
export type Link =
  | { readonly state: "connecting" | "live" | "ended" }
  | { readonly state: "reconnecting" | "offline"; readonly atMs: number }
  | { readonly state: "failed"; readonly detail: string };

/** A stream that is read for as long as the page wants it. */
export interface Following<Event> {
  readonly link: Cell<Link>;
  /** The stream's connection is there. */
  opened(): void;
  /** Goes on until the stream ends, `signal` aborts or the stream is refused for good. */
  run(events: Source<Event>, handlers: Handlers<Event>, signal: AbortSignal): Promise<void>;
}

/** Opens the stream behind a seq; `undefined` = from where it is to begin. */
export type Source<Event> = (
  after: number | undefined,
  onReconnect: (info: Pick<ReconnectInfo, "attempt" | "delayMs">) => void,
) => AsyncIterable<Event>;

/** What is done with what comes. */
export interface Handlers<Event> {
  event(event: Event): void;
  /** The daemon has never been where we are: it has another store. All that was seen is void. */
  restart(): void;
}

const failuresUntilOffline = 5;
const firstDelayMs = 500;
const longestDelayMs = 8_000;

/** Makes a {@link Following}. */
export function createFollowing<Event extends object>(): Following<Event> {
  const link = cell<Link>({ state: "connecting" });

  function wait(attempt: number, delayMs: number): void {
    const isOffline = attempt > failuresUntilOffline || !navigator.onLine;
    link.set({ state: isOffline ? "offline" : "reconnecting", atMs: Date.now() + delayMs });
  }

  return {
    link,
    opened: () => link.set({ state: "live" }),
    async run(source, { event: take, restart }, signal) {
      let after: number | undefined;
      for (let attempt = 1; !signal.aborted; attempt += 1) {
        try {
          for await (const event of source(after, (info) => wait(info.attempt, info.delayMs))) {
            if ("seq" in event) after = event.seq as number;
            attempt = 0;
            take(event);
          }
          link.set({ state: "ended" });
          return;
        } catch (error) {
          if (signal.aborted) return;
          if (isAnodeError(error) && error.code === "cursor_ahead") {
            after = undefined;
            restart();
          } else if (!isAnodeError(error) || !error.retryable) {
            link.set({ state: "failed", detail: messageOf(error) });
            return;
          }
          const delayMs = Math.min(firstDelayMs * 2 ** (attempt - 1), longestDelayMs);
          wait(attempt, delayMs);
          await pause(delayMs, signal);
        }
      }
    },
  };
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
