import type { Step } from "../events/step.js";
import type { AttachedFile, RepliedAnswer } from "../messages/schema.js";
import type { Ask, CloseReason } from "./schema.js";

/** What ends an ask. */
export interface Ending {
  readonly close_reason: CloseReason;
  readonly reply_text?: string;
  readonly reply_attachments?: readonly AttachedFile[];
  readonly replied_by?: "ack" | "answer" | "turn";
  readonly answer?: RepliedAnswer;
  /** Its question ends in the same step, by itself. */
  readonly withQuestion?: boolean;
  /** What goes into the same commit. */
  readonly also?: Step;
}

/** These end without a word to the asker, who did it or was told in another way. */
const silent: ReadonlySet<CloseReason> = new Set(["reply_to", "canceled", "send_failed"]);

/** The ask as it is closed. Whether its asker is still to be told shows in its `reply_state`. */
export function closedAsk(ask: Ask, { close_reason, reply_text, reply_attachments, replied_by, answer }: Ending, now: string): Ask {
  return {
    ...ask,
    state: "closed",
    close_reason,
    ...(reply_text !== undefined && { reply_text }),
    ...(reply_attachments && { reply_attachments: [...reply_attachments] }),
    ...(replied_by && { replied_by, replied_at: now }),
    ...(answer && { answer }),
    ...(!silent.has(close_reason) && { reply_state: "held" as const }),
    closed_at: now,
  };
}
