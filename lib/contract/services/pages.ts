import { AnodeError } from "../../errors.js";

const form = /^c([0-9a-z]{1,11})$/;

/** A page's cursor: opaque to callers, the ordinal of its last item to us. */
export function toCursor(ordinal: number): string {
  return `c${ordinal.toString(36)}`;
}

/** @throws `invalid_cursor` */
export function fromCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const digits = form.exec(cursor)?.[1];
  const ordinal = digits === undefined ? Number.NaN : Number.parseInt(digits, 36);
  if (Number.isSafeInteger(ordinal)) return ordinal;
  throw new AnodeError("invalid_cursor", "cursor must be the next_cursor of a page of this list.");
}

/** A list of any length as one JSON document, page by page, so that it is never held whole. */
export async function* listBytes(
  field: string,
  nextPage: (before: number | undefined) => Promise<{ items: readonly object[]; next?: number }>,
) {
  const encoder = new TextEncoder();
  let before: number | undefined;
  let separator = "";
  yield encoder.encode(`{"${field}":[`);
  do {
    const page = await nextPage(before);
    const text = page.items.map((item) => JSON.stringify(item)).join(",");
    if (text !== "") {
      yield encoder.encode(separator + text);
      separator = ",";
    }
    before = page.next;
  } while (before !== undefined);
  yield encoder.encode("]}");
}
