import type { Host } from "../../host.js";
import type { Limits } from "../../limits.js";
import type { RunContext } from "../../runs/executor.js";
import type { Child } from "./child.js";
import { feedInput } from "./feed-input.js";
import { listen } from "./listen.js";
import { createEventSink, createTextSink, type Emission, type OutputSink, type SinkOptions } from "./output-sink.js";
import type { Plan } from "./plan.js";
import { createSilence } from "./silence.js";
import { createTail } from "./tail.js";

/** The end of what a process said. */
export interface Heard {
  /** Of standard output or the terminal, at most 8 KiB. */
  readonly stdout: string;
  /** Of standard error, at most 4 KiB. */
  readonly stderr: string;
}

/** What the conversation is bound by. */
export interface ConverseOptions {
  readonly host: Host;
  readonly limits: Limits;
  readonly heldFrom?: SinkOptions["heldFrom"];
  /** Aborts when no more output is waited for. */
  readonly drained: AbortSignal;
}

const resultBytes = 8 * 1024;
const errorBytes = 4 * 1024;
const idleMs = 10_000;

/** Carries output and input between a process and its run, until the output has ended. Rejects when the run takes no event. */
export async function converse(context: RunContext, child: Child, plan: Plan, options: ConverseOptions): Promise<Heard> {
  const { host, limits, heldFrom, drained } = options;
  const { clock } = host;
  const stdout = createTail(resultBytes);
  const stderr = createTail(errorBytes);
  const over = new AbortController();
  void child.exited.then(() => over.abort());
  const silence = createSilence(clock, idleMs, () => context.idle());

  const send = async (events: readonly Emission[]): Promise<void> => {
    if (plan.interactive && !over.signal.aborted) silence.broken();
    await Promise.all(events.map(({ type, payload }) => context.emit(type, payload)));
  };
  const hear = ({ stream, source }: Child["outputs"][number]): Promise<void> => {
    const { flushBytes, eventBytes } = limits;
    const sink = createSink(plan, { stream, tail: stream === "stderr" ? stderr : stdout, flushBytes, eventBytes, heldFrom });
    return listen(source, sink, { runId: context.run.id, stream, host, limits, stop: drained, send });
  };
  const speak = async (): Promise<void> => {
    // A program that does not read to the end is no failure.
    const written = plan.input === undefined ? undefined : child.write(plan.input).catch(() => {});
    if (!plan.interactive) return child.endInput();
    silence.broken();
    await written;
    await feedInput(child, context.input, silence, over.signal);
  };

  try {
    await Promise.all([...child.outputs.map(hear), speak()]);
  } finally {
    over.abort();
    silence.hold();
  }
  return { stdout: stdout.text(), stderr: stderr.text() };
}

function createSink(plan: Plan, options: SinkOptions): OutputSink {
  return plan.speaksEvents && options.stream !== "stderr" ? createEventSink(options) : createTextSink(options);
}
