import type { Command } from "../context.js";

/** `anode tools`: the tools that a profile has here. */
export const run: Command = async () => 0;
