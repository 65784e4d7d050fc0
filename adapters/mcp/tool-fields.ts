import { AnodeError, isAnodeError } from "../../lib/errors.js";

type Document = Readonly<Record<string, unknown>>;
type Fields = Readonly<Record<string, string>>;

/** The arguments of a tool as the input of its operation. @throws `invalid_request` for a parameter that the tool does not have */
export function toInput(args: Document, fields: Fields | undefined): Document {
  if (fields === undefined) return args;
  const unknown = Object.keys(args).filter((name) => !Object.hasOwn(fields, name));
  if (unknown.length > 0) {
    const issues = unknown.map((path) => ({ path, code: "unknown_field", message: "is not a parameter of this tool" }));
    throw new AnodeError("invalid_request", `${unknown[0]} is not a parameter of this tool.`, { details: { issues } });
  }
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [fields[name] as string, value]));
}

/** An error of the operation in the words of the tool: what is wrong is named as the caller spelled it. */
export function inToolWords(error: unknown, fields: Fields | undefined): unknown {
  if (fields === undefined || !isAnodeError(error) || !Array.isArray(error.details?.["issues"])) return error;
  const names = new Map(Object.entries(fields).map(([name, field]) => [field, name]));
  const renamed = (path: string): string => path.replace(/^\w+/, (field) => names.get(field) ?? field);
  const issues = (error.details["issues"] as { readonly path?: unknown }[]).map((issue) =>
    typeof issue.path === "string" ? { ...issue, path: renamed(issue.path) } : issue,
  );
  return new AnodeError(error.code, renamed(error.message), {
    cause: error,
    ...(error.status !== undefined && { status: error.status }),
    details: { ...error.details, issues },
  });
}
