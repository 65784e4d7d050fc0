import type { Operation } from "../../lib/contract/operation.js";
import { AnodeError, invalidRequest, type Issue } from "../../lib/errors.js";
import type { Target } from "./gate/target.js";
import { joined, type HeaderMap } from "./headers.js";
import type { Route } from "./router.js";

/**
 * One flat input of path parameters, query and body; a repeated query name becomes a list. A name has one place: what a path
 * names cannot be named again, and an operation with a JSON body takes no query.
 * @throws `invalid_request` with an issue for each name out of place
 */
export function toInput({ operation, parameters }: Route, query: Target["query"], body: Record<string, unknown>): Record<string, unknown> {
  const issues = [
    ...misplacedQuery(operation, parameters, query),
    ...Object.keys(body)
      .filter((name) => Object.hasOwn(parameters, name))
      .map(inPath),
  ];
  if (issues.length > 0) throw invalidRequest(issues);
  // Spread and fromEntries define members, so no name can reach a prototype.
  return { ...body, ...queryMembers(query), ...parameters };
}

function misplacedQuery(operation: Operation, parameters: Route["parameters"], query: Target["query"]): Issue[] {
  const names = [...new Set(query.map(([name]) => name))];
  if (operation.body !== "json") return names.filter((name) => Object.hasOwn(parameters, name)).map(inPath);
  return names.map((name) => ({ path: shown(name), code: "unknown_field", message: "is not a query parameter of this operation" }));
}

function inPath(name: string): Issue {
  return { path: name, code: "unknown_field", message: "is named by the path already" };
}

function queryMembers(query: Target["query"]): Record<string, string | string[]> {
  if (query.length === 0) return {};
  const values = new Map<string, string[]>();
  for (const [name, value] of query) values.set(name, [...(values.get(name) ?? []), value]);
  return Object.fromEntries([...values].map(([name, all]) => [name, all.length === 1 ? (all[0] as string) : all]));
}

// Names come from the caller: cut, and without what could disturb a terminal.
function shown(name: string): string {
  return name.slice(0, 64).replace(/[^\x20-\x7e]/g, "?");
}

const visibleAscii = /^[\x21-\x7e]+$/;
const longestKey = 255;

/**
 * The `Idempotency-Key` of a call.
 * @throws `invalid_request` unless it is one key of 1 to 255 visible ASCII characters
 */
export function idempotencyKeyOf(headers: HeaderMap): string | undefined {
  const key = joined(headers, "idempotency-key");
  if (key === undefined) return undefined;
  if (headers.get("idempotency-key")?.length === 1 && key.length <= longestKey && visibleAscii.test(key)) return key;
  const message = `must be one key of 1 to ${longestKey} visible ASCII characters`;
  throw new AnodeError("invalid_request", `Idempotency-Key ${message}.`, {
    details: { issues: [{ path: "Idempotency-Key", code: "format", message }] },
  });
}
