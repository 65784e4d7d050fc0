import { AnodeError } from "../../../lib/errors.js";
import type { HeaderMap } from "../headers.js";

const sameSite = new Set(["same-origin", "none"]);
const anySite = new Set(["same-origin", "none", "same-site", "cross-site"]);

/**
 * Stage 4: no foreign page. `own` are the listener's origins, `listed` those of others that were allowed by name.
 * @returns the origin when it is a listed one, for the answer's CORS headers
 * @throws `origin_not_allowed`
 */
export function checkOrigin(headers: HeaderMap, own: readonly string[], listed: readonly string[]): string | undefined {
  const origin = atMostOne(headers, "origin");
  const site = atMostOne(headers, "sec-fetch-site");
  if (origin !== undefined && origin !== "null" && listed.includes(origin)) {
    if (site !== undefined && !anySite.has(site)) throw refused();
    return origin;
  }
  if (origin !== undefined && !own.includes(origin)) throw refused();
  if (site !== undefined && !sameSite.has(site)) throw refused();
  return undefined;
}

function atMostOne(headers: HeaderMap, name: string): string | undefined {
  const values = headers.get(name);
  if (values && values.length > 1) throw refused();
  return values?.[0];
}

function refused(): AnodeError {
  return new AnodeError("origin_not_allowed", "Pages of other origins may not call this server; the operator can list an origin.");
}
