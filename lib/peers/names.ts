import type { PeerRegistration } from "./schema.js";

/** The name asked for, else the folder's and the backend's. */
export function wantedName({ display_name, name = display_name, path, backend }: PeerRegistration): string {
  if (name !== undefined) return name;
  const folder = path?.split("/").findLast((part) => part !== "") ?? "";
  const legal = folder.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  // Room for the backend and a number of four digits.
  return (legal === "" || legal.startsWith("peer-") ? backend : `${legal.slice(0, 64 - backend.length - 6)}-${backend}`).slice(0, 59);
}

/** The wanted name, else the first of `-2`, `-3` … that nobody has. */
export function freeName(wanted: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(wanted)) return wanted;
  for (let number = 2; ; number += 1) {
    const name = `${wanted.slice(0, 58)}-${number}`;
    if (!isTaken(name)) return name;
  }
}
