import type { Member, Place } from "./json-places.js";

/** How a text is laid out. */
export interface Layout {
  /** Of one level; empty where all stands in one line. */
  readonly indent: string;
  readonly newline: string;
}

/** The layout of a text, as far as its first member tells. */
export function layoutOf(json: string, root: Place): Layout {
  const newline = json.includes("\r\n") ? "\r\n" : "\n";
  const first = root.members[0];
  if (!first) return { indent: "  ", newline };
  const before = json.slice(root.start + 1, first.start);
  return { indent: before.includes("\n") ? (before.split("\n").at(-1) ?? "") : "", newline };
}

/**
 * The text with one more member behind those of an object, or one more item behind those of an array, at the given depth. Nothing else
 * of it changes, and {@link removed} is exactly the way back.
 */
export function inserted(json: string, into: Place, depth: number, value: unknown, layout: Layout, key?: string): string {
  const before = layout.indent === "" ? "" : layout.newline + layout.indent.repeat(depth);
  const body = `${key === undefined ? "" : `${JSON.stringify(key)}:${layout.indent === "" ? "" : " "}`}${laidOut(value, depth, layout)}`;
  const last = into.members.at(-1);
  const at = last?.end ?? into.start + 1;
  return `${json.slice(0, at)}${last ? "," : ""}${before}${body}${json.slice(at)}`;
}

/** The text without one member, and without the comma and the blanks that came with it. */
export function removed(json: string, from: Place, member: Member): string {
  const at = from.members.indexOf(member);
  const previous = from.members[at - 1];
  const next = from.members[at + 1];
  const start = previous?.end ?? from.start + 1;
  // Of the first, the comma that stands behind it goes too.
  const end = previous || !next ? member.end : json.indexOf(",", member.end) + 1;
  return json.slice(0, start) + json.slice(end);
}

function laidOut(value: unknown, depth: number, { indent, newline }: Layout): string {
  const text = JSON.stringify(value, null, indent);
  return indent === "" ? text : text.replaceAll("\n", newline + indent.repeat(depth));
}
