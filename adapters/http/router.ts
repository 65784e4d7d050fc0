import createFinder from "find-my-way";
import type { Operation } from "../../lib/contract/operation.js";

/** Where a path and a method lead. */
export interface Route {
  readonly operation: Operation;
  /** Decoded path parameters. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Finds operations by method and path. */
export interface Router {
  /** The operation; HEAD follows GET. */
  find(method: string, path: string): Route | undefined;
  /** The methods a path has; none when there is no such path. */
  allowed(path: string): string[];
}

const longestParameter = 128;
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
type Method = Operation["method"];

/**
 * A router over the rows of the contract, aliases included. Each first segment, which is never a parameter, has a finder of its own, made
 * when it is first asked for: the package compiles code for each route, and a start needs one.
 */
export function createRouter(operations: readonly Operation[]): Router {
  const routes = Map.groupBy(operations.flatMap(routesOf), ({ path }) => firstSegment(path));
  const finders = new Map<string, ReturnType<typeof createFinder>>();

  function finderFor(path: string): ReturnType<typeof createFinder> | undefined {
    const first = firstSegment(path);
    const known = finders.get(first);
    const under = known ? undefined : routes.get(first);
    if (!under) return known;
    const made = createFinder({ maxParamLength: longestParameter });
    for (const { path: pattern, operation } of under) {
      made.on(operation.method, pattern.replace(/\{(\w+)\}/g, ":$1"), () => {}, operation);
    }
    finders.set(first, made);
    return made;
  }

  function find(method: string, path: string): Route | undefined {
    const found = finderFor(path)?.find((method === "HEAD" ? "GET" : method) as Method, path);
    if (!found) return undefined;
    const parameters = found.params as Record<string, string>;
    // Any text may name a thing that is not there; no text names nothing.
    if (Object.values(parameters).includes("")) return undefined;
    return { operation: found.store as Operation, parameters };
  }

  return {
    find,
    allowed: (path) => methods.filter((method) => find(method, path)).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])),
  };
}

function routesOf(operation: Operation): { readonly path: string; readonly operation: Operation }[] {
  return [operation.path, ...operation.aliases].map((path) => ({ path, operation }));
}

function firstSegment(path: string): string {
  const end = path.indexOf("/", 1);
  const segment = path.slice(1, end < 0 ? undefined : end);
  return segment.includes("%") ? decodeURIComponent(segment) : segment;
}
