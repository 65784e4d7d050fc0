import type { JSX } from "preact";
import { isAnodeError } from "../../../lib/errors.js";
import { messageOf } from "../../../lib/thrown.js";
import { visibleText } from "../visible-text.js";

/** What the daemon said against a call. */
export function Problem({ error }: { readonly error: unknown }): JSX.Element | null {
  if (error === undefined) return null;
  return (
    <p class="problem" role="alert">
      {isAnodeError(error) && <code>{error.code}</code>} {visibleText(detailOf(error))}
    </p>
  );
}

function detailOf(error: unknown): string {
  if (!isAnodeError(error)) return messageOf(error);
  const issues = error.details?.["issues"];
  const named = Array.isArray(issues)
    ? (issues as { readonly path?: unknown; readonly message?: unknown }[]).map(({ path, message }) => `${String(path)} ${String(message)}`)
    : [];
  const hint = error.details?.["hint"];
  return [error.message, ...named.filter((text) => !error.message.includes(text)), ...(typeof hint === "string" ? [hint] : [])].join(" ");
}
