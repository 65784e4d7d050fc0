/** What a reader would not see, or would see in another order than it is: controls but tab and line ends, marks of direction, of no width. */
const unseen =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|[\ud800-\udfff]/gu;

/** Foreign text as it may be shown: what hides or turns text is written as `\u{…}`, so that nobody approves what they cannot read. */
export function visibleText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(unseen, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A JSON value for reading, indented. */
export function visibleJson(value: unknown): string {
  return visibleText(JSON.stringify(value, undefined, 2) ?? "");
}
