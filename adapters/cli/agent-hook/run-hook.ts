import { isAnodeError } from "../../../lib/errors.js";
import { misuse } from "../command-line.js";
import type { Command } from "../context.js";
import { lookAround } from "./hook-place.js";
import type { HookSession } from "./own-peer.js";
import { readTold } from "./told.js";
import { type TurnRuntime, turnRuntimes } from "./turn-runtimes.js";

/** A hook of a session or a turn, as one command does it. */
export interface Hook extends HookSession {
  readonly runtime: TurnRuntime;
  /** Answers the runtime; only the first answer counts. */
  answer(what: object): void;
}

/** A daemon that does not answer; nobody is to be bothered with it. */
const silent = new Set(["connection_refused", "connection_lost", "timeout"]);
/** Runtimes wait for their hooks. */
const longestMs = 9_000;

/**
 * A command that a runtime calls at one of its events. It never stands in the runtime's way: whatever happens, the exit code is 0, and
 * what went wrong is on standard error. It does nothing in a run of the daemon's own, for the run is what is known of that agent, and
 * nothing for the child of an agent that has the pane.
 */
export function hookCommand(work: (hook: Hook) => Promise<void>): Command {
  return async (line, context) => {
    const backend = line.text("backend") ?? "";
    const runtime = Object.hasOwn(turnRuntimes, backend) ? (turnRuntimes[backend] as TurnRuntime) : undefined;
    const { output, env } = context;
    let hasAnswered = false;
    const answer = (what: object): void => {
      if (!hasAnswered) output.json(what);
      hasAnswered = true;
    };
    const end = (error?: unknown): void => {
      if (error !== undefined && !(isAnodeError(error) && silent.has(error.code))) output.fail(error);
      if (runtime?.nothing) answer(runtime.nothing);
    };
    const leave = (error: unknown): void => {
      end(error);
      process.exit(0);
    };
    process.on("uncaughtException", leave).on("unhandledRejection", leave);
    const deadline = setTimeout(() => leave(new Error(`It was not done within ${longestMs} ms.`)), longestMs);
    try {
      if (!runtime) throw misuse(`--backend must be one of ${Object.keys(turnRuntimes).join(", ")}, got ${backend || "nothing"}.`);
      const told = await readTold(context.stdin);
      const place = await lookAround(context);
      if (!env["ANODE_RUN_ID"] && !place.isChild) await work({ backend, runtime, told, context, answer, place });
      end();
    } catch (error) {
      end(error);
    } finally {
      clearTimeout(deadline);
    }
    return 0;
  };
}

/** A turn's own id; a runtime that gives none has one turn at a time. */
export function turnIdOf({ told }: HookSession): string {
  return told.text("turn_id", 128) ?? told.text("prompt_id", 128) ?? told.text("session_id", 128) ?? "turn";
}
