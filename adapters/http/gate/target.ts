import { AnodeError } from "../../../lib/errors.js";

/** A request target that passed: still encoded path, decoded query. */
export interface Target {
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
}

// One slash first, then visible ASCII without `#` and `\`.
const plain = /^\/(?!\/)[!"$-[\]-~]*$/;
const badPercent = /%(?![0-9a-f]{2})|%00/i;
const encodedSlash = /%2f|%5c/i;
const dotSegment = /\/\.{1,2}(?:\/|$)/;
const credentialNames = new Set(["token", "access_token"]);
const noQuery: Target["query"] = [];

/**
 * Stage 3: origin-form, one meaning, no credential in it.
 * @throws `target_too_long`, `invalid_target`, `token_in_url`
 */
export function parseTarget(target: string, limitBytes: number): Target {
  if (target.length > limitBytes) throw new AnodeError("target_too_long", `The request target is over ${limitBytes} bytes.`);
  if (!plain.test(target)) throw invalid("a path that starts with one slash, in visible ASCII without # and \\");
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  checkPath(path);
  return { path, query: mark < 0 ? noQuery : parseQuery(target.slice(mark + 1)) };
}

function checkPath(path: string): void {
  let decoded = path;
  if (path.includes("%")) {
    if (encodedSlash.test(path)) throw invalid("a path without encoded slashes");
    decoded = decode(path);
  }
  if (dotSegment.test(decoded)) throw invalid("a path without . and .. segments");
}

function parseQuery(query: string): Target["query"] {
  if (query.includes("%")) decode(query);
  const entries = [...new URLSearchParams(query)];
  if (entries.some(([name]) => credentialNames.has(name.toLowerCase()))) {
    throw new AnodeError("token_in_url", "A credential belongs in the Authorization header, not in the query.");
  }
  return entries;
}

function decode(text: string): string {
  if (badPercent.test(text)) throw invalid("percent-encoding with two hexadecimal digits and no zero byte");
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("percent-encoded UTF-8");
  }
}

function invalid(expected: string): AnodeError {
  return new AnodeError("invalid_target", `This server expects as request target ${expected}.`);
}
