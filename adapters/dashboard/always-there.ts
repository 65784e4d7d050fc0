import type { Peer } from "../../lib/peers/schema.js";

/** The circle of those who name none. */
export const defaultCircle = "default";

const names: ReadonlySet<string> = new Set(["human", "jobs", "schedules"]);

/** One of those that a daemon has by itself, and that need no message. */
export function isAlwaysThere({ display_name, role, circle }: Pick<Peer, "display_name" | "role" | "circle">): boolean {
  return circle === defaultCircle && role !== "agent" && names.has(display_name);
}
