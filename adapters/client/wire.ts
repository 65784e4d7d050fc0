import type { Operation } from "../../lib/contract/operation.js";
import { invalidRequest, type Issue } from "../../lib/errors.js";
import { type CallFile, sizeOf } from "./carrier.js";

/** An operation's input as HTTP carries it. */
export interface WireForm {
  /** Path and query, without a host. */
  readonly target: string;
  /** JSON text, or the bytes of a file. */
  readonly body?: string | CallFile["bytes"];
  /** What is to be said of the body; its length where it is known. */
  readonly headers: Readonly<Record<string, string>>;
}

const parameterNames = /\{(\w+)\}/g;

/**
 * Checks what would make another path of it: the values of path parameters. Done for every carrier, so that all refuse alike.
 * @throws `invalid_request`
 */
export function checkPathInput(operation: Operation, input: Readonly<Record<string, unknown>>): void {
  const issues = namesInPath(operation).flatMap((name) => issueOf(name, input[name]) ?? []);
  if (issues.length > 0) throw invalidRequest(issues);
}

/** Path parameters into the path, the rest into the JSON body or, without one, into the query. */
export function toWire(operation: Operation, input: Readonly<Record<string, unknown>>, file?: CallFile): WireForm {
  const inPath = new Set(namesInPath(operation));
  const path = operation.path.replace(parameterNames, (_, name: string) => encodeURIComponent(String(input[name]).toWellFormed()));
  const rest = Object.entries(input).filter(([name, value]) => !inPath.has(name) && value !== undefined);
  if (operation.body === "json") {
    return { target: path, body: JSON.stringify(Object.fromEntries(rest)), headers: { "content-type": "application/json" } };
  }
  const query = new URLSearchParams();
  for (const [name, value] of rest) for (const item of [value].flat()) query.append(name, String(item));
  const target = query.size > 0 ? `${path}?${query.toString()}` : path;
  if (!file) return { target, headers: {} };
  const size = sizeOf(file.bytes);
  const length = size === undefined ? {} : { "content-length": String(size) };
  return { target, body: file.bytes, headers: { "content-type": file.contentType, ...length } };
}

function namesInPath({ path }: Operation): string[] {
  return Array.from(path.matchAll(parameterNames), (match) => match[1] as string);
}

function issueOf(path: string, value: unknown): Issue | undefined {
  if (value === undefined) return { path, code: "required", message: "is required" };
  if (typeof value !== "string") return { path, code: "type", message: `must be a string, got ${typeof value}` };
  if (value === "") return { path, code: "length", message: "must have at least 1 characters" };
  const isPlain = !/[/\\\u0000]/.test(value) && value !== "." && value !== "..";
  return isPlain ? undefined : { path, code: "format", message: "must be an id, without slashes" };
}
