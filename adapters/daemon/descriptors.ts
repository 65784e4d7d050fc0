import { readFileSync } from "node:fs";
import { resolveLimits } from "../../lib/index.js";
import type { Config } from "./config-schema.js";
import { configuredLimits } from "./configured-limits.js";

/** What a daemon opens for itself: store, locks, log, threads, listeners, a start that is under way. */
const forItself = 128;
/** A process of a run, and its pipes. */
const perRun = 4;
/** A door below this many connections serves nobody well. */
const leastConnections = 16;

/** How many descriptors a process may have open; `undefined` where the system does not tell, or sets no bound. */
export function descriptorLimit(pid: number | "self" = "self"): number | undefined {
  try {
    const [, soft] = /^Max open files {1,64}(\d{1,19}) /m.exec(readFileSync(`/proc/${pid}/limits`, "latin1")) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** What a daemon takes on at once. */
export interface Capacity {
  readonly concurrency: number;
  readonly childConcurrency: number;
  /** For each door. */
  readonly connections: number;
  readonly webSockets: number;
}

/**
 * What the configuration says, made to fit: whoever is accepted must find the descriptors it needs. Runs come first, then
 * the doors, and peers' sockets have what these leave: a quarter at least.
 */
export function capacityOf(config: Config, descriptors = Number.POSITIVE_INFINITY, doors = 2): Capacity {
  const limits = resolveLimits(configuredLimits(config));
  const { concurrency = limits.concurrency, child_concurrency: childConcurrency = limits.childConcurrency } = config.daemon ?? {};
  const room = descriptors - forItself;
  const forSockets = Math.max(room - perRun * concurrency, doors * leastConnections);
  const share = Math.max(Math.floor((0.75 * forSockets) / doors), leastConnections);
  const connections = Math.min(limits.connections, share);
  const webSockets = Math.min(limits.webSockets, Math.max(1, forSockets - doors * connections));
  const runs = Math.max(1, Math.floor((room - doors * connections - webSockets) / perRun));
  return { concurrency: Math.min(concurrency, runs), childConcurrency: Math.min(childConcurrency, runs), connections, webSockets };
}

/** The configuration with bounds that fit; the same one where they do. */
export function fitted(config: Config, descriptors: number | undefined, doors: number): Config {
  const [wanted, has] = [capacityOf(config, undefined, doors), capacityOf(config, descriptors, doors)];
  if (Object.entries(wanted).every(([name, count]) => has[name as keyof Capacity] === count)) return config;
  const { concurrency, childConcurrency: child_concurrency, connections, webSockets } = has;
  const limits = { ...config.daemon?.limits, connections, webSockets };
  return { ...config, daemon: { ...config.daemon, concurrency, child_concurrency, limits } };
}
