import type { Readable } from "node:stream";
import type { Host } from "../../host.js";
import type { Limits } from "../../limits.js";
import type { Emission, OutputSink } from "./output-sink.js";
import { pumpOutput } from "./pump-output.js";

/** How one output of a run's process is listened to. */
export interface ListenOptions {
  readonly runId: string;
  readonly stream: "stdout" | "stderr" | "tty";
  readonly host: Host;
  readonly limits: Limits;
  /** Aborts when no more output is waited for. */
  readonly stop: AbortSignal;
  readonly send: (events: readonly Emission[]) => Promise<void>;
}

/** Turns one output of a process into events until it ends. Rejects when `send` does. */
export async function listen(source: Readable, sink: OutputSink, options: ListenOptions): Promise<void> {
  const { runId, stream, host, limits, stop, send } = options;
  await pumpOutput(source, sink, { clock: host.clock, flushMs: limits.flushMs, stop, send });
  if (sink.replaced > 0) host.log("warn", "process.output_replaced", { run_id: runId, stream, count: sink.replaced });
}
