import { randomBytes } from "node:crypto";
import type { Pane } from "../../index.js";
import type { RunTmux } from "./run-tmux.js";

const fields = ["pane_id", "pane_pid", "pane_in_mode", "session_name", "window_index", "window_name", "pane_current_command"];

/** The panes of a server at one moment. */
export interface Listing {
  /** Absent when it could not be asked. */
  readonly panes?: readonly TmuxPane[];
  /** Why a pane that is not listed may be there all the same. */
  readonly doubt?: string;
}

/** Lists all panes of the server. */
export async function listPanes(run: RunTmux): Promise<Listing> {
  // Names and folders are others' to choose and may hold anything, but not a mark that was drawn for this one question.
  const mark = `|${randomBytes(12).toString("hex")}|`;
  const row = [...fields, "pane_dead", "pane_current_path"].map((field) => `#{${field}}`).join(mark);
  const answer = await run(["list-panes", "-a", "-F", row + mark]);
  if (answer.ok) return { panes: parsePanes(answer.output, mark) };
  if (answer.why === "no_server") return { panes: [] };
  return { ...(answer.why === "no_socket" && { panes: [] }), doubt: answer.text };
}

/** A pane with what only tmux tells of it. */
export interface TmuxPane extends Pane {
  /** True when its program has ended and the pane was told to stay. */
  readonly dead: boolean;
}

/** The rows of a listing, each of which ends with the mark. */
export function parsePanes(output: string, mark: string): readonly TmuxPane[] {
  const width = fields.length + 2;
  const words = output.split(mark);
  const panes: TmuxPane[] = [];
  for (let at = 0; at + width < words.length; at += width) {
    const [id = "", pid = "", mode = "", session = "", index = "", name = "", command = "", dead = "", cwd = ""] = words.slice(
      at,
      at + width,
    );
    const pane_id = id.replace(/^\n/, "");
    if (!/^%\d{1,9}$/.test(pane_id)) continue;
    const window = name === "" ? index : name;
    panes.push({ pane_id, pid: Number(pid), command, cwd, session, window, in_mode: mode !== "0" && mode !== "", dead: dead === "1" });
  }
  return panes;
}
