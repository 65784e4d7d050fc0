import { describe, expect, it } from "vitest";
import type { Child } from "../../../../lib/node/process/child.js";
import { feedInput } from "../../../../lib/node/process/feed-input.js";
import type { RunContext, RunInput } from "../../../../lib/runs/executor.js";

/** Inputs in a row, a process that reads them, and all that happens, in order. */
function bench(texts: readonly string[], write: (text: string) => Promise<void> = async () => {}) {
  const happened: string[] = [];
  const waiting = texts.map(
    (text): RunInput => ({
      input_id: text,
      delivery: "queue",
      text,
      delivered: async () => void happened.push(`delivered ${text}`),
      putBack: () => void happened.push(`put back ${text}`),
    }),
  );
  const input: RunContext["input"] = { take: () => undefined, next: async () => waiting.shift() };
  const child: Child = {
    pid: 0,
    outputs: [],
    exited: new Promise(() => {}),
    endInput: () => void happened.push("end"),
    async write(text) {
      await write(text);
      happened.push(`write ${JSON.stringify(text)}`);
    },
  };
  const silence = { broken: () => void happened.push("noise"), hold: () => void happened.push("hold") };
  return { happened, child, input, silence };
}

describe("feedInput", () => {
  it("writes each input as a line, says so when it was taken, and ends the input when no more comes", async () => {
    const { happened, child, input, silence } = bench(["one", "two\n"]);
    await feedInput(child, input, silence, new AbortController().signal);
    expect(happened).toEqual([
      "hold",
      'write "one\\n"',
      "noise",
      "delivered one",
      "hold",
      'write "two\\n\\n"',
      "noise",
      "delivered two\n",
      "end",
    ]);
  });

  it("puts back what the process did not take, and stops", async () => {
    const { happened, child, input, silence } = bench(["one", "two"], () => Promise.reject(new Error("closed")));
    await feedInput(child, input, silence, new AbortController().signal);
    expect(happened).toEqual(["hold", "put back one"]);
  });

  it("puts back what comes after the process has gone, and writes nothing", async () => {
    const { happened, child, input, silence } = bench(["one"]);
    await feedInput(child, input, silence, AbortSignal.abort());
    expect(happened).toEqual(["put back one"]);
  });

  it("does nothing more when there is no input and the process has gone", async () => {
    const { happened, child, input, silence } = bench([]);
    await feedInput(child, input, silence, AbortSignal.abort());
    expect(happened).toEqual([]);
  });
});
