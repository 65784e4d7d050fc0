import { createNoPanes, type PaneBackend } from "../../index.js";
import { resolveCommand } from "../process/resolve-command.js";
import type { TmuxOptions } from "./run-tmux.js";
import { createTmuxPanes } from "./tmux-panes.js";

/** The panes of this machine: those of tmux where it is installed, else none. Starts nothing. */
export function findPanes(options: TmuxOptions = {}): PaneBackend {
  const { program = "tmux", env = process.env } = options;
  try {
    resolveCommand(program, "/", env["PATH"]);
  } catch {
    return createNoPanes("tmux is not installed");
  }
  return createTmuxPanes(options);
}
