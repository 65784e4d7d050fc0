import type { Preview, StreamEvent } from "../../lib/events/event.js";
import type { CarrierReply } from "./carrier.js";
import { resume, type ResumeOptions, type ResumePorts } from "./resume.js";
import { isTerminal } from "./run-status.js";

/** How to read a run's events; without `after` from its first one. */
export interface AttachOptions extends ResumeOptions {
  /** Growing text too. @defaultValue false */
  readonly previews?: boolean;
}

/** How a client reaches a run's events. */
export interface RunPorts extends ResumePorts {
  open(input: Readonly<Record<string, unknown>>, signal: AbortSignal, retries?: number): Promise<CarrierReply>;
  lastSeq(id: string, signal: AbortSignal): Promise<number>;
}

/** The events of a run, until the terminal one. */
export function attach(ports: RunPorts, id: string, options: AttachOptions): AsyncIterableIterator<StreamEvent | Preview> {
  const { previews = false, approver = false, follow = true, after = 0 } = options;
  const run = {
    open: (cursor = 0, signal: AbortSignal, retries?: number) =>
      ports.open({ id, after: cursor, previews, approver, follow }, signal, retries),
    lastSeq: (signal: AbortSignal) => ports.lastSeq(id, signal),
    isLast: (event: StreamEvent) => isTerminal(event.status),
  };
  return resume(ports, run, { ...options, after });
}
