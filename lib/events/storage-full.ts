import { AnodeError, isAnodeError } from "../errors.js";
import type { Appended } from "./step.js";

/** The refusal of a change for which the store has no space. */
export function storageFull(change = "this change"): AnodeError {
  return new AnodeError("storage_full", `The disk has no space left for ${change}; free some and try again.`);
}

/** Whether it is for want of space that something did not come about, or has to wait. */
export function isStorageFull(error: unknown): boolean {
  return isAnodeError(error) && error.code === "storage_full";
}

/** Resolves when a step is durable (true), or has to wait for space (false). @throws what refuses it otherwise */
export async function isDurable(step: Appended): Promise<boolean> {
  try {
    await step.kept;
    return true;
  } catch (error) {
    if (step.isHeld) return false;
    throw error;
  }
}
