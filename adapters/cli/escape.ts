/**
 * What a terminal would obey or hide instead of showing it: C0 but tab and newline, DEL, C1, and the marks that turn the direction of
 * text or take no room, tags among them.
 */
const unsafe =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** The text with every character a terminal would obey or hide written as `\uXXXX`. JSON stays JSON with the same meaning. */
export function escapeControls(text: string): string {
  return text.replace(unsafe, (character) =>
    Array.from({ length: character.length }, (_, at) => escapeUnit(character.charCodeAt(at))).join(""),
  );
}

/** Text for a terminal: as {@link escapeControls}, but for the carriage return of a line end, which is dropped. */
export function toTerminalText(text: string): string {
  return escapeControls(text.replaceAll("\r\n", "\n"));
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}
