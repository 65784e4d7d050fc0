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

/** A router over the rows of the contract, aliases included. */
export function createRouter(operations: readonly Operation[]): Router {
  const finder = createFinder({ maxParamLength: longestParameter });
  for (const operation of operations) {
    for (const path of [operation.path, ...operation.aliases]) {
      finder.on(operation.method, path.replace(/\{(\w+)\}/g, ":$1"), () => {}, operation);
    }
  }

  function find(method: string, path: string): Route | undefined {
    const found = finder.find((method === "HEAD" ? "GET" : method) as Method, path);
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
