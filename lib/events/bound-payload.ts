import { encodePayload } from "./encode.js";

type Payload = Readonly<Record<string, unknown>>;

const encoder = new TextEncoder();
const bytesOf = (text: string): number => encoder.encode(text).length;

/** A character costs at most six bytes in JSON (`\u0000`), so a short text needs no measuring. */
const worstBytesPerUnit = 6;
/** Room for the envelope and the `truncated` member. */
const envelopeBytes = 1024;
/** Room for one number in the `truncated` member, with its punctuation. */
const noteBytes = 12;

/** True when a payload of about so many units fits an event of `limitBytes` whatever is in it. */
export function surelyFits(units: number, limitBytes: number): boolean {
  return units * worstBytesPerUnit <= limitBytes - envelopeBytes;
}

/**
 * The payload, cut to fit one event of `limitBytes`: the longest fields are shortened at a code point (a field that is
 * no text is cut as its JSON) and named in `truncated` with their original bytes.
 */
export function boundPayload(payload: Payload, limitBytes: number): Payload {
  const room = limitBytes - envelopeBytes;
  let bytes = bytesOf(encodePayload(payload));
  if (bytes <= room) return payload;

  const cut: Record<string, unknown> = { ...payload };
  const truncated: Record<string, number> = {};
  const fields = Object.entries(payload)
    .map(([name, value]) => ({ name, text: typeof value === "string" ? value : (JSON.stringify(value) ?? "") }))
    .sort((a, b) => b.text.length - a.text.length);
  for (const { name, text } of fields) {
    if (bytes <= room) return { ...cut, truncated };
    const before = valueBytes(cut[name]);
    // What is said of the cut counts too.
    bytes += bytesOf(JSON.stringify(name)) + noteBytes;
    cut[name] = cutText(text, Math.max(2, before - (bytes - room)));
    truncated[name] = bytesOf(text);
    bytes += valueBytes(cut[name]) - before;
  }
  if (bytes <= room) return { ...cut, truncated };
  // So many fields that their names alone are too much: what fits of the whole, as text.
  const whole = encodePayload(payload);
  return { payload: cutText(whole, room - 4 * noteBytes), truncated: { payload: bytesOf(whole) } };
}

function valueBytes(value: unknown): number {
  return bytesOf(encodePayload([value])) - "[]".length;
}

/** The longest start of `text` whose JSON takes at most `limitBytes`; never half a code point. */
export function cutText(text: string, limitBytes: number): string {
  let low = 0;
  // No unit takes less than a byte, so nothing behind these is ever looked at.
  let high = Math.min(text.length, limitBytes);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (bytesOf(JSON.stringify(text.slice(0, middle))) <= limitBytes) low = middle;
    else high = middle - 1;
  }
  const last = text.charCodeAt(low - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? low - 1 : low);
}
