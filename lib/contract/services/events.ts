import type { FeedRules } from "../../events/feed-filter.js";
import type { FeedOptions } from "../../runs/feed.js";
import type { RunManager } from "../../runs/manager.js";
import type { CallContext, Result, Services } from "../operation.js";
import type { ValidInput } from "../schemas.js";
import { assertApprover } from "./approver.js";
import { seqCursor } from "./cursor.js";
import { streamForm } from "./media.js";

const pageEvents = 100;
const mostPageEvents = 1_000;

type Given = ValidInput<"events.list"> & Pick<ValidInput<"events.stream">, "follow">;

/** The operations of the feed. `rules` are of whoever knows the peers; without them a peer sees events of its own `peer_id`. */
export function createEventServices({ feed }: RunManager, rules?: FeedRules): Services {
  function optionsOf({ after, limit: _limit, ...given }: Given, { caller, signal, lastEventId }: CallContext): FeedOptions {
    const cursor = seqCursor(after, lastEventId);
    return { ...given, ...(cursor !== undefined && { after: cursor }), ...(rules && { rules }), caller, signal };
  }

  async function page(input: Given, context: CallContext): Promise<Result> {
    const reader = await feed.open(optionsOf(input, context));
    // Who asks for the newest so many gets all of them, the newest too.
    const limit = input.limit ?? Math.min(Math.max(pageEvents, input.tail ?? 0), mostPageEvents);
    return { status: 200, body: await reader.page(limit) };
  }

  return {
    "events.list": (input: ValidInput<"events.list">, context: CallContext) => page(input, context),
    "events.stream": async ({ approver = false, ...input }: ValidInput<"events.stream">, context: CallContext) => {
      const form = streamForm(context.accept);
      if (form === "page") return page(input, context);
      if (approver) await assertApprover(context.caller);
      const reader = await feed.open({ ...optionsOf(input, context), approver });
      if (form === "ndjson") return { status: 200, stream: { contentType: "application/x-ndjson", body: reader.ndjson() } };
      return { status: 200, stream: { contentType: "text/event-stream", body: reader.sse() } };
    },
  } as unknown as Services;
}
