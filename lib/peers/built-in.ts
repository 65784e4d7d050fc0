import { AnodeError } from "../errors.js";
import type { PeerBackend, PeerRecord, PeerRole } from "./schema.js";

/** The peers that are there from the start and cannot be removed, renamed or claimed. */
export const builtInPeers: readonly { readonly name: string; readonly backend: PeerBackend; readonly role: PeerRole }[] = [
  { name: "human", backend: "human", role: "human" },
  { name: "jobs", backend: "service", role: "service" },
  { name: "schedules", backend: "service", role: "service" },
];

/** Other spellings of the person. */
export const humanSpellings: ReadonlySet<string> = new Set(["human", "cli", "dashboard"]);

/** One of the peers that are always there. */
export function isBuiltIn(peer: PeerRecord): boolean {
  return peer.circle === "default" && builtInPeers.some(({ name, role }) => name === peer.display_name && role === peer.role);
}

/** @throws `invalid_request` for a peer that is always there as it is */
export function assertNotBuiltIn(peer: PeerRecord): void {
  if (isBuiltIn(peer))
    throw new AnodeError("invalid_request", `The built-in peer ${peer.display_name} is always there and cannot be changed.`);
}
