/** C0 but tab and line feed, DEL, C1, and what turns the direction of writing. */
const acting = /[\0-\x08\x0b-\x1f\x7f-\x9f\p{Bidi_Control}]/gu;

/**
 * The text without what a terminal obeys or what makes it look other than it is: control characters but tab and line
 * feed, escape among them, and bidi controls. A pair of CR and LF is one line end; half a character becomes U+FFFD.
 */
export function plainText(text: string): string {
  return text.toWellFormed().replaceAll("\r\n", "\n").replaceAll(acting, "");
}

const encoder = new TextEncoder();

/** Number of bytes in UTF-8. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** The longest start of the text that takes at most so many bytes of UTF-8; never half a character. */
export function startOf(text: string, limitBytes: number): string {
  if (limitBytes <= 0) return "";
  // A unit takes at most three bytes, so a short text is never encoded to be measured.
  if (text.length * 3 <= limitBytes) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(limitBytes));
  return text.slice(0, read);
}
