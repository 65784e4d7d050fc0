import { escapeControls } from "./escape.js";

/** Rows under a header, two spaces between columns, without borders; a cell is one line, and the last column is not padded. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows.map((row) => row.map(toCell))];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ""))));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => pad(cell, widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** Names and values under each other; a member without a value is left out. */
export function formatMembers(members: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(members).filter(([, value]) => value !== undefined);
  const longest = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(longest)}  ${toCell(plain(value))}\n`).join("");
}

/** The text in at most `columns` columns, its end marked when it was cut. */
export function shorten(text: string, columns: number): string {
  const cell = toCell(text);
  const characters = [...cell];
  return characters.length <= columns ? cell : `${characters.slice(0, columns - 1).join("")}…`;
}

function toCell(text: string): string {
  return text.replace(/(?:\r\n|[\t\n ])+/g, " ").trim();
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Measured as the writer will show it: an escape is wider than its character. */
function width(cell: string): number {
  return [...escapeControls(cell)].length;
}

function pad(cell: string, columns: number): string {
  return cell + " ".repeat(Math.max(0, columns - width(cell)));
}
