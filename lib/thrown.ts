/** The message of whatever was thrown; empty for what throws in its turn when it is looked at. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "";
  }
}

/** The code that a failed call (`ENOENT`) or an error of ours (`not_found`) bears; nothing where it has none that is a text. */
export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
}

/** True when what was thrown says that a package is not installed. */
export function isMissingPackage(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
