import { Asks } from "../../../lib/asks/asks.js";
import { Journal } from "../../../lib/events/journal.js";
import type { Step } from "../../../lib/events/step.js";
import { Courier } from "../../../lib/messages/courier.js";
import { Link } from "../../../lib/messages/link.js";
import { Mail } from "../../../lib/messages/mail.js";
import { Queues } from "../../../lib/messages/queue.js";
import { LateReceipts } from "../../../lib/messages/late-receipts.js";
import { Records } from "../../../lib/store/records.js";
import type { Store } from "../../../lib/store/store.js";

/** A bug in a part of the mesh: put in for as long as the work lasts. */
export interface WrongMesh {
  /** Puts it in; what it answers takes it out. */
  plant?(): () => void;
  readonly wrap?: (store: Store) => Store;
  /** What the model says of it. */
  readonly complaint: RegExp;
}

/** Puts another method in the place of one. */
function swap<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  wrong: (right: Owner[Name]) => Owner[Name],
): () => void {
  const right = owner[name];
  owner[name] = wrong(right);
  return () => void (owner[name] = right);
}

function inEachStep(change: (step: Step) => Step): () => void {
  return swap(
    Journal.prototype,
    "append",
    (right) =>
      function (this: Journal, step) {
        return right.call(this, change(step));
      },
  );
}

/** Bugs, by what they do. */
export const wrongMeshes: Readonly<Record<string, WrongMesh>> = {
  "counts a revision twice": {
    plant() {
      let puts = 0;
      return swap(
        Records.prototype,
        "put",
        (right) =>
          function (this: Records<object>, id, record) {
            puts += 1;
            const put = right.call(this, id, record);
            return puts % 40 === 0 ? { ...put, expectedRevision: put.expectedRevision + 1 } : put;
          },
      );
    },
    // Refused where it is told, or seen as something that is held and was never stored.
    complaint: /must be at revision|stored as undefined/,
  },
  "forgets a record before it is stored": {
    plant: () =>
      swap(
        Records.prototype,
        "leaving",
        () =>
          function (this: Records<object>, id) {
            this.remove(id);
            return () => {};
          },
      ),
    complaint: /must be at revision|is known as|is stored and not known|was ended/,
  },
  "takes nothing back that was refused": {
    plant: () => swap(Records.prototype, "undo", () => () => {}),
    complaint: /is known as .* stored as undefined|must be at revision/,
  },
  "closes an ask without its event": {
    plant: () => inEachStep((step) => ({ ...step, ...(step.feed && { feed: step.feed.filter(({ type }) => type !== "ask.closed") }) })),
    complaint: /was closed 0 times in the feed/,
  },
  "replies twice": {
    plant: () =>
      inEachStep((step) => {
        const closed = step.feed?.filter(({ type }) => type === "ask.closed") ?? [];
        return closed.length > 0 ? { ...step, feed: [...(step.feed ?? []), ...closed] } : step;
      }),
    complaint: /was closed 2 times in the feed/,
  },
  "says in a trace what nobody saw": {
    plant: () =>
      inEachStep((step) => ({
        ...step,
        ...(step.appends && {
          appends: step.appends.map((append) => (append.type === "websocket_sent" ? { ...append, type: "pane_injected" } : append)),
        }),
      })),
    complaint: /says pane_injected, and nobody proved it/,
  },
  "takes a written frame for delivered": {
    plant: () =>
      swap(
        Link.prototype,
        "push",
        (right) =>
          async function (this: Link, ...call) {
            const handed = await right.apply(this, call);
            return handed.state === "sent" ? { state: "delivered" } : handed;
          },
      ),
    complaint: /is delivered, and nobody proved it/,
  },
  "takes every receipt for a good one": {
    plant: () =>
      swap(
        LateReceipts.prototype,
        "take",
        (right) =>
          function (this: LateReceipts, peer_id, delivery_id) {
            return right.call(this, peer_id, delivery_id, "injected");
          },
      ),
    complaint: /nobody proved it/,
  },
  "gives out without holding": {
    plant: () => swap(Mail.prototype, "hold", () => () => {}),
    complaint: /overtaken|sent before it was stored|sent after its end|is known as|must be at/,
  },
  "puts what comes back behind": {
    plant: () =>
      swap(
        Queues.prototype,
        "set",
        (right) =>
          function (this: Queues, message) {
            this.delete(message);
            right.call(this, message);
          },
      ),
    complaint: /the queue of|is out of order|overtaken/,
  },
  "opens without what was open": {
    plant: () => swap(Asks.prototype, "load", () => () => Promise.resolve()),
    complaint: /is stored and not known/,
  },
  "retires a peer and keeps its asks": {
    plant: () => swap(Asks.prototype, "endFor", () => () => ({ step: {} })),
    complaint: /the ask .* is stored and not known/,
  },
  "retires a peer and keeps its queue": {
    plant: () => swap(Courier.prototype, "endFor", () => () => ({})),
    complaint: /waits for a peer that is gone/,
  },
  "acknowledges before it commits": {
    wrap: (store) => ({
      ...store,
      commit(batch) {
        store.commit(batch).catch(() => {});
        return Promise.resolve();
      },
    }),
    complaint: /is not stored|is stored as|is known as|must be at/,
  },
};
