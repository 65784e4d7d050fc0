// Controls (C0, DEL, C1), line separators, and what turns the direction of text round.
const unseen = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const mostBytes = 255;
const longestEnding = 32;
const encoder = new TextEncoder();

/**
 * The name to keep of a file that somebody else named: the last component of a path, in NFC, without control and
 * bidirectional characters, at most 255 bytes; `file` when nothing is left.
 */
export function storedFileName(given: string | undefined): string {
  const last = (given ?? "").split(/[\\/]+/).findLast((part) => part !== "") ?? "";
  const plain = last.toWellFormed().replace(unseen, "").normalize("NFC").trim();
  const name = cut(plain);
  return name === "" || name === "." || name === ".." ? "file" : name;
}

/** The beginning of a long name, with its ending kept: programs go by it. */
function cut(name: string): string {
  if (encoder.encode(name).length <= mostBytes) return name;
  const ending = /\.[^.\s]+$/.exec(name)?.[0] ?? "";
  const kept = encoder.encode(ending).length <= longestEnding ? ending : "";
  let room = mostBytes - encoder.encode(kept).length;
  let start = "";
  for (const character of name) {
    room -= encoder.encode(character).length;
    if (room < 0) break;
    start += character;
  }
  return start.trimEnd() + kept;
}
