/** The text in at most `limitBytes` of UTF-8: three quarters from its head, one from its tail, and between them what is missing. */
export function cutText(text: string, limitBytes: number): string {
  // A unit takes at most three bytes, so most texts are never encoded just to be measured.
  if (text.length * 3 <= limitBytes) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= limitBytes) return text;
  const room = Math.max(0, limitBytes - Buffer.byteLength(mark(bytes.length)));
  const headEnd = boundary(bytes, Math.ceil(room * 0.75), -1);
  const tailStart = boundary(bytes, bytes.length - Math.floor(room * 0.25), 1);
  return bytes.toString("utf8", 0, headEnd) + mark(tailStart - headEnd) + bytes.toString("utf8", tailStart);
}

function mark(bytes: number): string {
  return `\n[… ${bytes} bytes omitted …]\n`;
}

/** The nearest place between two characters, in the given direction. */
function boundary(bytes: Buffer, at: number, step: 1 | -1): number {
  let place = at;
  while (place > 0 && place < bytes.length && ((bytes[place] ?? 0) & 0xc0) === 0x80) place += step;
  return place;
}
