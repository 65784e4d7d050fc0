import { type ErrorCode, isAnodeError } from "../errors.js";
import { isObject } from "../plain-object.js";

// The suites bring their own checks, so that they run under any test runner.

/** @throws an error saying what was expected and what came, when the two differ as JSON */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [came, wanted] = [show(actual), show(expected)];
  if (came !== wanted) throw new Error(`${what} must be ${wanted}, got ${came}.`);
}

/** @throws an error with `message`, when the condition does not hold */
export function expectTrue(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

/** @throws an error, when the promise resolves or rejects with another code */
export async function expectRejection(promise: Promise<unknown>, code: ErrorCode, what: string): Promise<void> {
  const outcome = await promise.then(
    () => "it resolved",
    (error: unknown) => (isAnodeError(error) ? error.code : String(error)),
  );
  if (outcome !== code) throw new Error(`${what} must reject with ${code}, got: ${outcome}.`);
}

function show(value: unknown): string {
  // Keys in order: two objects with the same members are the same.
  return JSON.stringify(value, (_, item: unknown) =>
    isObject(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item === undefined ? "(absent)" : item,
  );
}
