import { AnodeError } from "../../errors.js";

/**
 * The seq that a reader of events names: its `Last-Event-ID`, else its `after`.
 * @throws `invalid_cursor`
 */
export function seqCursor(after: string | number | undefined, lastEventId: string | undefined): number | undefined {
  const given = lastEventId ?? after;
  if (given === undefined) return undefined;
  const text = String(given);
  if (/^\d{1,16}$/.test(text)) return Number(text);
  throw new AnodeError("invalid_cursor", "The cursor must be the seq of an event, 1 to 16 digits.");
}
