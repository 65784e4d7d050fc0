import { AnodeError } from "../errors.js";
import type { PeerRecord } from "./schema.js";

type Placed = Pick<PeerRecord, "circle" | "role">;

/** Whether messages may go from one peer to the other. Circles route; scopes protect. */
export function mayReach(from: Placed, to: Placed): boolean {
  return from.circle === to.circle || bypasses(from) || bypasses(to);
}

/** True for the roles that reach, and are reached from, any circle. */
export function bypasses({ role }: Placed): boolean {
  return role !== "agent";
}

/** @throws `circle_forbidden` */
export function assertReach(from: Placed, to: Placed & Pick<PeerRecord, "display_name">, isBypassed = false): void {
  if (isBypassed || mayReach(from, to)) return;
  throw new AnodeError("circle_forbidden", `${to.display_name} is in the circle ${to.circle}, the sender in ${from.circle}.`, {
    details: { hint: "Peers of one circle reach each other; an owner with the scope admin may set bypass_circle." },
  });
}
