import { AnodeError, isAnodeError } from "../../lib/errors.js";

/** Says of a missing key that it is set here: the daemon has the variables of its own start, and no later ones. */
export function withNewerVariables(error: unknown, env: Readonly<Record<string, string | undefined>>): unknown {
  if (!isAnodeError(error) || error.code !== "model_unavailable") return error;
  const hint = String(error.details?.["hint"] ?? "");
  const set = (hint.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? []).filter((name) => env[name]);
  if (set.length === 0) return error;
  const more = `${set.join(", ")} is set here, but the daemon was started without it: anode daemon stop, and start the run again.`;
  return new AnodeError(error.code, error.message, { cause: error, details: { ...error.details, hint: `${hint}\n${more}` } });
}
