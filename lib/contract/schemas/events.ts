import * as z from "zod";
import { later } from "../../later.js";
import { flag, integer, word, words } from "./query.js";

/** A cursor into an event stream. Judged by the stream itself: a wrong cursor has a code of its own. */
export const seq = later(() => z.union([z.string(), z.number()]));

/** A record event, of which a reader knows the envelope. */
export const streamEvent = later(() =>
  z.looseObject({
    id: z.string(),
    seq: z.int(),
    type: z.string(),
    time: z.string(),
    payload: z.record(z.string(), z.unknown()),
  }),
);

const place = later(() =>
  z.object({
    after: seq.exactOptional(),
    tail: integer(0, Number.MAX_SAFE_INTEGER).exactOptional(),
    types: words.exactOptional(),
    peer_id: word.exactOptional(),
    circle: word.exactOptional(),
    limit: integer(1, 1000).exactOptional(),
  }),
);
const page = later(() => z.strictObject({ events: z.array(streamEvent), first_seq: z.int(), last_seq: z.int(), next_after: z.int() }));

/** Input and output of each operation of the daemon-wide event feed. */
export const eventSchemas = {
  "events.list": { input: later(() => z.strictObject(place.shape)), output: page },
  "events.stream": {
    input: later(() => z.strictObject({ ...place.shape, follow: flag.exactOptional(), approver: flag.exactOptional() })),
    output: page,
  },
};
