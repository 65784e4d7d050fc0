import { createHash } from "node:crypto";

/** The longest name a model's API takes. */
const nameUnits = 64;

/** A name of at most 64 of `[A-Za-z0-9_-]`; a longer one ends in a hash of the whole. */
export function fittingName(...parts: readonly string[]): string {
  const whole = parts.join("__");
  const name = whole.replaceAll(/[^A-Za-z0-9_-]/g, "_");
  if (name.length <= nameUnits) return name;
  return `${name.slice(0, nameUnits - 7)}_${createHash("sha256").update(whole).digest("hex").slice(0, 6)}`;
}
