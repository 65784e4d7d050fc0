import { randomBytes } from "node:crypto";
import type { Pane } from "../../index.js";
import type { RunTmux } from "./run-tmux.js";

const fields = [
  "pane_id",
  "pane_pid",
  "pane_in_mode",
  "pane_dead",
  "session_name",
  "window_index",
  "window_name",
  "pane_current_command",
  "pane_current_path",
  "pane_start_path",
] as const;

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
  const answer = await run(["list-panes", "-a", "-F", fields.map((field) => `#{${field}}${mark}`).join("")]);
  if (answer.ok) return { panes: parsePanes(answer.output, mark) };
  if (answer.why === "no_server") return { panes: [] };
  return { ...(answer.why === "no_socket" && { panes: [] }), doubt: answer.text };
}

/** A pane with what only tmux tells of it. */
export interface TmuxPane extends Pane {
  /** True when its program has ended and the pane was told to stay. */
  readonly dead: boolean;
}

/** The panes of a listing, in which each field ends with the mark. */
function parsePanes(output: string, mark: string): readonly TmuxPane[] {
  const values = output.split(mark);
  const panes: TmuxPane[] = [];
  for (let at = 0; at + fields.length < values.length; at += fields.length) {
    const field = (name: (typeof fields)[number]): string => values[at + fields.indexOf(name)] ?? "";
    // The end of the row before stands in front of it.
    const pane_id = field("pane_id").trim();
    if (!/^%\d{1,9}$/.test(pane_id)) continue;
    panes.push({
      pane_id,
      pid: Number(field("pane_pid")),
      command: field("pane_current_command"),
      // In its first moments a program has no folder that tmux could see.
      cwd: field("pane_current_path") || field("pane_start_path"),
      session: field("session_name"),
      window: field("window_name") || field("window_index"),
      in_mode: Number(field("pane_in_mode")) > 0,
      dead: field("pane_dead") === "1",
    });
  }
  return panes;
}
