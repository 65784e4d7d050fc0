import { createNoPanes, type PaneBackend } from "../../index.js";
import { createRunTmux, type TmuxOptions } from "./run-tmux.js";
import { createTmuxPanes } from "./tmux-panes.js";

/** The panes of this machine: those of tmux where it is installed, else none. */
export async function findPanes(options: TmuxOptions = {}): Promise<PaneBackend> {
  const answer = await createRunTmux(options)(["-V"]);
  return answer.ok ? createTmuxPanes(options) : createNoPanes("tmux is not installed");
}
