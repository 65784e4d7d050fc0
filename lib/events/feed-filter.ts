import type { Caller } from "../caller.js";
import type { StreamEvent } from "./event.js";
import type { Keep } from "./forms.js";

/** Which events of the feed a reader wants; all that is given must hold. */
export interface FeedFilter {
  readonly types?: readonly string[];
  /** The peer of the event's envelope. */
  readonly peer_id?: string;
  /** The `circle` of the event's payload. */
  readonly circle?: string;
}

/** Whether a caller that is a peer may see an event. */
export type Visible = (event: StreamEvent, caller: Caller) => boolean;

/** What holds where nobody knows of circles: a peer sees what is its own. */
export const ownEventsOnly: Visible = (event, { peer_id }) => event.peer_id !== undefined && event.peer_id === peer_id;

/** Filter and sight as one question to an event; `undefined` = every event is for the reader. */
export function keepOf({ types, peer_id, circle }: FeedFilter, sees: Keep | undefined): Keep | undefined {
  const wanted = types && new Set(types);
  const tests: Keep[] = [];
  // What a caller may not see is never looked at further. It is asked about every event, for it may learn from them.
  if (sees) tests.push(sees);
  if (wanted) tests.push(({ type }) => wanted.has(type));
  if (peer_id !== undefined) tests.push((event) => event.peer_id === peer_id);
  if (circle !== undefined) tests.push(({ payload }) => payload["circle"] === circle);
  return tests.length === 0 ? undefined : (event) => tests.every((test) => test(event));
}

/**
 * What a caller may see: an owner everything (`undefined`), who is bound to a run that run and those below it, a peer what
 * `visible` says. `runs` are the ids of the run and those below it; further ones are learned from the events.
 */
export function sightOf(caller: Caller, runs: Iterable<string>, visible: Visible): Keep | undefined {
  if (caller.run_id === undefined && caller.peer_id === undefined) return undefined;
  const known = new Set(caller.run_id === undefined ? [] : runs);
  return (event) => {
    const { run_id, type, payload } = event;
    if (type === "run.state" && run_id !== undefined && known.has(String(payload["parent_id"]))) known.add(run_id);
    if (run_id !== undefined && known.has(run_id)) return true;
    return caller.peer_id !== undefined && visible(event, caller);
  };
}
