import { isAnodeError } from "../../lib/errors.js";
import { escapeControls, toTerminalText } from "./escape.js";
import { shorten } from "./table.js";

/** What the writer needs of a stream; `process.stdout` is one. */
export interface Sink {
  readonly isTTY?: boolean;
  /** Width of the terminal. */
  readonly columns?: number;
  write(text: string, done?: () => void): unknown;
  on(event: "error", listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/** Where a command writes, and how. */
export interface OutputOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Text is written as it came. @defaultValue false */
  readonly raw?: boolean;
  /** Notes are dropped, errors are not. @defaultValue false */
  readonly quiet?: boolean;
  /** Paint what the program says, where stderr is a terminal. @defaultValue false */
  readonly color?: boolean;
}

/** The one writer of the command line: data on stdout, talk on stderr, nothing that steers a terminal. */
export interface Output {
  /** True when a person reads stderr. */
  readonly isTerminal: boolean;
  /** Aborts when nobody reads stdout any more; what is written to it from then on is dropped. */
  readonly closed: AbortSignal;
  /** Text as it is, without a line end of its own. */
  data(text: string): void;
  /** One line of JSON. */
  json(value: unknown): void;
  /** A child's standard error, on ours. */
  errorData(text: string): void;
  /** A note for people, one `anode:` for each line. */
  note(text: string): void;
  /** Why the command failed, with its next step. */
  fail(error: unknown): void;
  /** Shows this as the last line of a terminal until other text comes; `undefined` takes it away. */
  progress(line: string | undefined): void;
  /** Resolves when everything is handed over; to false when stdout did not take all of it, though somebody reads there. */
  flush(): Promise<boolean>;
}

const paints = { note: "\u001b[2m", error: "\u001b[31m", end: "\u001b[0m" };
const eraseLine = "\r\u001b[K";

/** A writer over two streams. */
export function createOutput({ stdout, stderr, raw = false, quiet = false, color = false }: OutputOptions): Output {
  const safe = raw ? (text: string) => text : toTerminalText;
  const isTerminal = stderr.isTTY === true;
  const closing = new AbortController();
  let shown: string | undefined;
  // A line that data has begun is not ours to draw on.
  let isMidLine = false;
  let isComplete = true;

  stdout.on("error", (error) => {
    if (!closing.signal.aborted && error.code !== "EPIPE") {
      say(`cannot write to stdout: ${error.message}`, "error");
      isComplete = false;
    }
    closing.abort();
  });
  // There is nobody left to tell.
  stderr.on("error", () => {});

  function clear(): void {
    if (shown !== undefined) stderr.write(eraseLine);
    shown = undefined;
  }

  function write(sink: Sink, text: string): void {
    if (text === "") return;
    clear();
    sink.write(text);
    isMidLine = !text.endsWith("\n");
  }

  function writeData(text: string): void {
    if (!closing.signal.aborted) write(stdout, text);
  }

  function say(text: string, kind: "note" | "error"): void {
    const prefix = color && isTerminal ? `${paints[kind]}anode:${paints.end} ` : "anode: ";
    write(
      stderr,
      `${safe(text)
        .trimEnd()
        .split("\n")
        .map((line) => `${prefix}${line}\n`)
        .join("")}`,
    );
  }

  return {
    isTerminal,
    closed: closing.signal,
    data: (text) => writeData(safe(text)),
    json: (value) => writeData(`${escapeControls(JSON.stringify(value))}\n`),
    errorData: (text) => write(stderr, safe(text)),
    note: (text) => {
      if (!quiet) say(text, "note");
    },
    fail: (error) => say(complaint(error), "error"),
    progress(line) {
      const fitting = line === undefined || isMidLine ? undefined : shorten(escapeControls(line), (stderr.columns ?? 80) - 1);
      if (!isTerminal || quiet || fitting === shown) return;
      clear();
      if (fitting !== undefined) stderr.write(fitting);
      shown = fitting;
    },
    async flush() {
      clear();
      await Promise.all([stdout, stderr].map((sink) => new Promise<void>((resolve) => void sink.write("", () => resolve()))));
      return isComplete;
    },
  };
}

/** One sentence, the other things that are wrong, and the next step. */
function complaint(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!isAnodeError(error)) return error.message;
  const issues = Array.isArray(error.details?.["issues"]) ? error.details["issues"].slice(1) : [];
  const others = issues.map((issue: { path?: unknown; message?: unknown }) => `${String(issue.path)} ${String(issue.message)}`);
  const hint = error.details?.["hint"];
  return [error.message, ...others, ...(typeof hint === "string" ? [hint] : [])].join("\n");
}
