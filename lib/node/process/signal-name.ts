import { constants } from "node:os";

// The first of several names for a number is the usual one (ABRT before IOT).
const names = new Map<number, string>();
for (const [name, number] of Object.entries(constants.signals)) if (!names.has(number)) names.set(number, name);

/** The name of a signal's number here; `undefined` for a real-time signal or none. */
export function signalName(number: number): string | undefined {
  return names.get(number);
}
