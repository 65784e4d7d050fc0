import { readdirSync } from "node:fs";
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { ContainmentReport } from "../../lib/node/index.js";

/** What the status document needs of its daemon. */
export interface StatusSources {
  readonly instance: string;
  readonly storeId: string;
  readonly startedAt: string;
  readonly addresses: () => readonly string[];
  /** True when an address can be reached from other machines. */
  readonly isRemote: boolean;
  /** Absent as long as it is not known; asked for all, it is found out. */
  readonly containment: (extent: "all" | "known") => Promise<ContainmentReport | undefined>;
  readonly logBytes: () => number;
}

/** The members of the status document that only the process knows. */
export interface ProcessStatus {
  /** Watches the event loop from now on. */
  watch(): void;
  /** Watches from now on, if it did not. */
  read(extent: "all" | "known"): Promise<Record<string, unknown>>;
  close(): void;
}

/** What is told of the process. What it takes to watch it is loaded when that begins. */
export function createProcessStatus(sources: StatusSources): ProcessStatus {
  let delay: IntervalHistogram | undefined;
  function watched(): IntervalHistogram {
    if (delay) return delay;
    delay = monitorEventLoopDelay({ resolution: 20 });
    delay.enable();
    return delay;
  }
  return {
    watch: () => void watched(),
    async read(extent) {
      const delay = watched();
      const memory = process.memoryUsage();
      const containment = await sources.containment(extent);
      return {
        pid: process.pid,
        instance: sources.instance,
        store_id: sources.storeId,
        started_at: sources.startedAt,
        memory: { rss_bytes: memory.rss, heap_bytes: memory.heapUsed },
        ...openDescriptors(),
        addresses: sources.addresses(),
        ...(sources.isRemote && { remote: true }),
        ...(containment && { containment: toMember(containment) }),
        logs: { size_bytes: sources.logBytes() },
        event_loop_delay_ms: { p50: toMs(delay.percentile(50)), p99: toMs(delay.percentile(99)) },
      };
    },
    close: () => void delay?.disable(),
  };
}

function toMember({ level, levels }: ContainmentReport): object {
  return { level, available: Object.entries(levels).flatMap(([name, found]) => (found.available ? [name] : [])) };
}

function openDescriptors(): { fds?: number } {
  try {
    return { fds: readdirSync("/proc/self/fd").length };
  } catch {
    return {};
  }
}

/** The histogram counts nanoseconds and includes its own pause of 20 ms. */
function toMs(nanoseconds: number): number {
  return Math.max(0, Math.round(nanoseconds / 10_000 - 2_000) / 100);
}
