import { bytesOf, plainText, startOf } from "../plain-text.js";

/**
 * The text as it may be pasted: without anything that acts on a terminal, and of at most `limitBytes`. What is beyond
 * them is replaced by a last line that says how to read it.
 */
export function pasteText(text: string, limitBytes: number, howToRead: string): string {
  const plain = plainText(text);
  if (bytesOf(plain) <= limitBytes) return plain;
  const note = `\n(cut here; ${plainText(howToRead).replaceAll("\n", " ")})`;
  return startOf(plain, limitBytes - bytesOf(note)) + startOf(note, limitBytes);
}
