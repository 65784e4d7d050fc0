import type { PeerBackend, PeerRole } from "./schema.js";

/** The peers that are there from the start and cannot be removed, renamed or claimed. */
export const builtInPeers: readonly { readonly name: string; readonly backend: PeerBackend; readonly role: PeerRole }[] = [
  { name: "human", backend: "human", role: "human" },
  { name: "jobs", backend: "service", role: "service" },
  { name: "schedules", backend: "service", role: "service" },
];

/** Other spellings of the person. */
export const humanSpellings: ReadonlySet<string> = new Set(["human", "cli", "dashboard"]);
