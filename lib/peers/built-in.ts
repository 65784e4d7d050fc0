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

/** Names that mean one of these in every circle: what bears one of them elsewhere would be taken for it. */
const keptNames: ReadonlySet<string> = new Set([...humanSpellings, ...builtInPeers.map(({ name }) => name)]);

/** Nobody else is given this name, in any circle. */
export function isKept(name: string): boolean {
  return keptNames.has(name);
}

/** One of the peers that are always there. */
export function isBuiltIn(peer: PeerRecord): boolean {
  return peer.circle === "default" && builtInPeers.some(({ name, role }) => name === peer.display_name && role === peer.role);
}

/** @throws `invalid_request` for a peer that is always there as it is */
export function assertNotBuiltIn(peer: PeerRecord): void {
  if (isBuiltIn(peer))
    throw new AnodeError("invalid_request", `The built-in peer ${peer.display_name} is always there and cannot be changed.`);
}
