import { describe, expect, it } from "vitest";
import { inferSignal, outcomeOf } from "../../../../lib/node/process/outcome.js";

const said = { stdout: "out\n", stderr: "", successCodes: [0] };

describe("outcomeOf", () => {
  it("is completed with an exit code that means success", () => {
    expect(outcomeOf({ exitCode: 0 }, said)).toEqual({ status: "completed", stop_reason: "exit", exit_code: 0, result: "out\n" });
    expect(outcomeOf({ exitCode: 3 }, { ...said, successCodes: [3] }).status).toBe("completed");
    expect(outcomeOf({ exitCode: 0 }, { ...said, successCodes: [3] })).toMatchObject({ status: "failed", error_code: "exit_nonzero" });
  });

  it("is failed with any other, and says so with the end of the error output", () => {
    expect(outcomeOf({ exitCode: 2 }, { ...said, stderr: "a\nb\n" })).toEqual({
      status: "failed",
      stop_reason: "exit",
      error_code: "exit_nonzero",
      exit_code: 2,
      result: "out\n",
      error: "The process left with exit code 2.\na\nb",
    });
  });

  it("is killed by a signal, even with a code that means success", () => {
    const killed = { status: "failed", stop_reason: "signal", error_code: "killed", error: "The process was ended by the signal SIGSEGV." };
    expect(outcomeOf({ signal: "SIGSEGV" }, said)).toMatchObject({ ...killed, signal: "SIGSEGV" });
    expect(outcomeOf({ exitCode: 0, signal: "SIGSEGV" }, said)).toMatchObject(killed);
  });

  it("keeps the last 20 lines of the error output", () => {
    const stderr = Array.from({ length: 30 }, (_, n) => `line ${n}\n`).join("");
    const { error = "" } = outcomeOf({ exitCode: 1 }, { ...said, stderr });
    expect(error.split("\n").slice(1)).toEqual(Array.from({ length: 20 }, (_, n) => `line ${n + 10}`));
  });

  it("says when the exit was not seen, and leaves out what was not said", () => {
    const outcome = outcomeOf({}, { ...said, stdout: "" });
    expect(outcome).toEqual({
      status: "failed",
      stop_reason: "exit",
      error_code: "exit_nonzero",
      error: "The process left with exit code unknown.",
    });
  });
});

describe("inferSignal", () => {
  it("reads death by signal out of a shell's exit code, and marks it", () => {
    expect(inferSignal({ exitCode: 137 })).toEqual({ signal: "SIGKILL", inferred: true });
    expect(inferSignal({ exitCode: 143 })).toEqual({ signal: "SIGTERM", inferred: true });
  });

  it.each([{ exitCode: 0 }, { exitCode: 1 }, { exitCode: 128 }, { exitCode: 255 }, { signal: "SIGKILL" }, {}])(
    "leaves %j as it is",
    (exit) => {
      expect(inferSignal(exit)).toEqual(exit);
    },
  );
});
