import type { Limits } from "../../lib/index.js";
import type { Config } from "./config-schema.js";

/** What the keys of `mesh` are called in the table of limits. */
const names = {
  queue_max: "messageQueue",
  queue_ttl_ms: "messageQueueMs",
  contact_ttl_ms: "contactMs",
  reap_ms: "reapMs",
  stale_busy_ms: "staleBusyMs",
  description_ttl_ms: "descriptionMs",
  question_wait_cap_ms: "questionWaitCapMs",
} as const satisfies Readonly<Record<string, keyof Limits>>;

/** All bounds that a configuration sets; where it says one twice, `daemon.limits` holds. */
export function configuredLimits({ mesh = {}, daemon = {} }: Config): Partial<Limits> {
  const ofMesh = Object.entries(names).flatMap(([key, name]) => {
    const value = mesh[key as keyof typeof names];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(ofMesh), ...daemon.limits };
}
