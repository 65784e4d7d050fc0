import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { createOutput, type OutputOptions, type Sink } from "../../../adapters/cli/output.js";
import { AnodeError } from "../../../lib/errors.js";

class TestSink extends EventEmitter implements Sink {
  text = "";
  readonly isTTY: boolean;
  readonly columns = 20;

  constructor(isTTY = false) {
    super();
    this.isTTY = isTTY;
  }

  write(text: string, done?: () => void): void {
    this.text += text;
    done?.();
  }
}

function open(
  options: Partial<OutputOptions> = {},
  terminal = false,
): { output: ReturnType<typeof createOutput>; stdout: TestSink; stderr: TestSink } {
  const stdout = new TestSink();
  const stderr = new TestSink(terminal);
  return { output: createOutput({ stdout, stderr, ...options }), stdout, stderr };
}

describe("createOutput", () => {
  it("keeps data on stdout and talk on stderr, each line of it with the program's name", () => {
    const { output, stdout, stderr } = open();
    output.data("R-1\n");
    output.note("one\ntwo\n");
    expect([stdout.text, stderr.text]).toEqual(["R-1\n", "anode: one\nanode: two\n"]);
  });

  it("escapes what came from elsewhere on every way out", () => {
    const { output, stdout, stderr } = open();
    output.data("a\u001b[2J");
    output.json({ text: "\u009b\u007f" });
    output.note("b\u202e");
    output.errorData("c\u0007");
    output.fail(new Error("d\u001b"));
    expect(stdout.text).toBe('a\\u001b[2J{"text":"\\u009b\\u007f"}\n');
    expect(stderr.text).toBe("anode: b\\u202e\nc\\u0007anode: d\\u001b\n");
  });

  it("writes text as it came when asked to, but never JSON", () => {
    const { output, stdout } = open({ raw: true });
    output.data("\u001b[1m");
    output.json("\u009b");
    expect(stdout.text).toBe('\u001b[1m"\\u009b"\n');
  });

  it("says errors even when it is quiet", () => {
    const { output, stderr } = open({ quiet: true });
    output.note("note");
    output.fail(new Error("error"));
    expect(stderr.text).toBe("anode: error\n");
  });

  it("tells an error with its other issues and its hint", () => {
    const { output, stderr } = open();
    const issues = [
      { path: "a", code: "range", message: "is wrong" },
      { path: "b", code: "type", message: "is worse" },
    ];
    output.fail(new AnodeError("invalid_request", "a is wrong.", { details: { issues, hint: "Read the manual." } }));
    expect(stderr.text).toBe("anode: a is wrong.\nanode: b is worse\nanode: Read the manual.\n");
  });

  it("paints its name on a terminal only", () => {
    const [terminal, file] = [open({ color: true }, true), open({ color: true })];
    for (const { output } of [terminal, file]) output.note("x");
    expect(terminal.stderr.text).toBe("\u001b[2manode:\u001b[0m x\n");
    expect(file.stderr.text).toBe("anode: x\n");
  });

  it("drops data after a broken pipe, quietly, and says that nobody reads", () => {
    const { output, stdout, stderr } = open();
    stdout.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    output.data("more");
    expect([output.closed.aborted, stdout.text, stderr.text]).toEqual([true, "", ""]);
  });

  it("names any other trouble with stdout once", () => {
    const { output, stdout, stderr } = open();
    for (let times = 0; times < 2; times += 1) stdout.emit("error", Object.assign(new Error("no space left"), { code: "ENOSPC" }));
    expect([output.closed.aborted, stderr.text]).toEqual([true, "anode: cannot write to stdout: no space left\n"]);
  });

  it("outlives a broken stderr", () => {
    const { output, stdout, stderr } = open();
    stderr.emit("error", new Error("EPIPE"));
    output.data("still");
    expect(stdout.text).toBe("still");
  });
});

describe("createOutput.progress", () => {
  const erase = "\r\u001b[K";

  it("draws a line once, and takes it away before anything else is written", () => {
    const { output, stderr } = open({}, true);
    output.progress("running");
    output.progress("running");
    output.note("x");
    output.progress("running");
    output.progress(undefined);
    expect(stderr.text).toBe(`running${erase}anode: x\nrunning${erase}`);
  });

  it("fits the terminal and obeys nothing", () => {
    const { output, stderr } = open({}, true);
    output.progress(`\u001b[31m${"x".repeat(30)}`);
    expect(stderr.text).toBe("\\u001b[31mxxxxxxxx…");
  });

  it("never draws into a line that data has begun", () => {
    const { output, stderr } = open({}, true);
    output.data("half a line");
    output.progress("running");
    output.data(", the rest\n");
    output.progress("running");
    expect(stderr.text).toBe("running");
  });

  it("draws nothing where nobody looks", () => {
    const { output, stderr } = open();
    output.progress("running");
    expect(stderr.text).toBe("");
  });
});
