import type { Outcome } from "../../runs/executor.js";
import type { Exit } from "./child.js";
import { signalName } from "./signal-name.js";
import { lastLines } from "./tail.js";

/** How a process ended, with a signal where only its mark in the exit code was seen. */
export interface ExitTruth extends Exit {
  readonly inferred?: true;
}

/** What a shell between us and the command tells: the death of its child by signal n is its own exit code 128 + n. */
export function inferSignal(exit: Exit): ExitTruth {
  const signal = exit.exitCode !== undefined && exit.exitCode > 128 ? signalName(exit.exitCode - 128) : undefined;
  return signal === undefined ? exit : { signal, inferred: true };
}

/** What the run has to say for itself. */
export interface Said {
  /** The end of standard output, or of the terminal. */
  readonly stdout: string;
  /** The end of standard error. */
  readonly stderr: string;
  readonly successCodes: readonly number[];
}

/** The outcome of a process that ended by itself. */
export function outcomeOf(exit: Exit, said: Said): Outcome {
  const { exitCode, signal } = exit;
  const facts = {
    ...(exitCode !== undefined && { exit_code: exitCode }),
    ...(signal !== undefined && { signal }),
    ...(said.stdout !== "" && { result: said.stdout }),
  };
  if (signal === undefined && exitCode !== undefined && said.successCodes.includes(exitCode)) {
    return { status: "completed", stop_reason: "exit", ...facts };
  }
  const how =
    signal === undefined ? `The process left with exit code ${exitCode ?? "unknown"}.` : `The process was ended by the signal ${signal}.`;
  const tail = lastLines(said.stderr, 20);
  return {
    status: "failed",
    stop_reason: signal === undefined ? "exit" : "signal",
    error_code: signal === undefined ? "exit_nonzero" : "killed",
    error: tail === "" ? how : `${how}\n${tail}`,
    ...facts,
  };
}
