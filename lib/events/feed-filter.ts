import { type Caller, isOwner } from "../caller.js";
import type { StreamEvent } from "./event.js";
import type { Keep } from "./forms.js";

/** Which events of the feed a reader wants; all that is given must hold. */
export interface FeedFilter {
  readonly types?: readonly string[];
  /** The peer of the event's envelope. */
  readonly peer_id?: string;
  /** What this circle is in, as {@link FeedRules} say. */
  readonly circle?: string;
}

/** What whoever knows the peers says of events. */
export interface FeedRules {
  /** Whether a caller that is a peer may see an event. */
  visible(event: StreamEvent, caller: Caller): boolean;
  /** Whether an event belongs to a circle. */
  inCircle(event: StreamEvent, circle: string): boolean;
}

/** What holds where nobody knows the peers: one sees what is its own, and a circle has what names it. */
export const plainRules: FeedRules = {
  visible: (event, { peer_id }) => event.peer_id !== undefined && event.peer_id === peer_id,
  inCircle: ({ payload }, circle) => payload["circle"] === circle,
};

/** Filter and sight as one question to an event; `undefined` = every event is for the reader. */
export function keepOf({ types, peer_id, circle }: FeedFilter, sees: Keep | undefined, rules: FeedRules): Keep | undefined {
  const wanted = types && new Set(types);
  const tests: Keep[] = [];
  // What a caller may not see is never looked at further. It is asked about every event, for it may learn from them.
  if (sees) tests.push(sees);
  if (wanted) tests.push(({ type }) => wanted.has(type));
  if (peer_id !== undefined) tests.push((event) => event.peer_id === peer_id);
  if (circle !== undefined) tests.push((event) => rules.inCircle(event, circle));
  return tests.length === 0 ? undefined : (event) => tests.every((test) => test(event));
}

/**
 * What a caller may see: an owner everything (`undefined`), who is bound to a run that run and those below it, a peer what
 * the rules say. `runs` are the ids of the run and those below it; further ones are learned from the events.
 */
export function sightOf(caller: Caller, runs: Iterable<string>, rules: FeedRules): Keep | undefined {
  if (isOwner(caller)) return undefined;
  const known = new Set(caller.run_id === undefined ? [] : runs);
  return (event) => {
    const { run_id, type, payload } = event;
    if (type === "run.state" && run_id !== undefined && known.has(String(payload["parent_id"]))) known.add(run_id);
    if (run_id !== undefined && known.has(run_id)) return true;
    return caller.peer_id !== undefined && rules.visible(event, caller);
  };
}
