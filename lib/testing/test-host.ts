import type { Host, Log } from "../host.js";
import { systemHost } from "../system-host.js";
import { createManualClock, type ManualClock } from "./manual-clock.js";

/** A line of the log as it was written. */
export interface LogLine {
  readonly level: Parameters<Log>[0];
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A {@link Host} whose every answer is known beforehand. */
export interface TestHost extends Host {
  readonly clock: ManualClock;
  /** What was logged, in order. */
  readonly lines: readonly LogLine[];
}

/** A host with a manual clock, ids in sequence, a log that is kept, and real digests. */
export function createTestHost(options: { readonly startMs?: number } = {}): TestHost {
  const lines: LogLine[] = [];
  let ids = 0;
  return {
    clock: createManualClock(options.startMs),
    // As long as a random one of so many bytes would be: callers may rely on the length.
    randomId: (bytes) => String(++ids).padStart(Math.ceil((bytes * 4) / 3), "0"),
    log: (level, event, data = {}) => void lines.push({ level, event, data }),
    digest: systemHost.digest,
    lines,
  };
}
