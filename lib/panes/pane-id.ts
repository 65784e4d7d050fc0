import { AnodeError } from "../errors.js";

/** The pane id of a text as callers write it, `%7` or `7`. @throws `invalid_pane_id` */
export function parsePaneId(text: string): string {
  const digits = /^%?(\d{1,9})$/.exec(text)?.[1];
  if (digits !== undefined) return `%${digits}`;
  throw new AnodeError("invalid_pane_id", `pane_id must be % and 1 to 9 digits, got ${JSON.stringify(text.slice(0, 64))}.`);
}

/** The id itself when it has the one form that is handed to a multiplexer. @throws `invalid_pane_id` */
export function checkedPaneId(paneId: string): string {
  if (paneId.startsWith("%")) return parsePaneId(paneId);
  throw new AnodeError("invalid_pane_id", `pane_id must be % and 1 to 9 digits, got ${JSON.stringify(paneId.slice(0, 64))}.`);
}
