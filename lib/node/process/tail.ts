/** Keeps the end of a growing text. */
export interface Tail {
  push(text: string): void;
  /** At most the given bytes of the end, cut between characters. */
  text(): string;
}

/** A {@link Tail} of `limitBytes` in UTF-8. */
export function createTail(limitBytes: number): Tail {
  let kept = "";
  return {
    push(text) {
      kept = text.length >= limitBytes ? text : kept + text;
      // A unit is at least a byte, so more units than bytes are never needed, and one for a pair cut in two.
      if (kept.length > 4 * limitBytes) kept = kept.slice(-limitBytes - 1);
    },
    text() {
      const bytes = Buffer.from(kept);
      let from = Math.max(0, bytes.length - limitBytes);
      while (from < bytes.length && ((bytes[from] ?? 0) & 0xc0) === 0x80) from += 1;
      return bytes.toString("utf8", from);
    },
  };
}

/** The last lines of a text, without the line end after the last one. */
export function lastLines(text: string, count: number): string {
  let end = text.length;
  while (text[end - 1] === "\n") end -= 1;
  return text.slice(0, end).split("\n").slice(-count).join("\n");
}
