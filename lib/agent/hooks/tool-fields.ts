import { canonicalName } from "../permissions/rules.js";

/** What hooks are told of a call. */
export function toolFields(name: string, args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { command, path } = args;
  return {
    tool_name: name,
    tool_args: args,
    ...(typeof path === "string" && { file_path: path }),
    ...(typeof command === "string" && { command }),
  };
}

const hookOutputUnits = 64 * 1024;

/** What the loop tells of a finished call, in the form of the hooks. */
export function postFields({ tool_name, tool_args, output, ...rest }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const args = typeof tool_args === "object" && tool_args !== null ? (tool_args as Record<string, unknown>) : {};
  const text = typeof output === "string" ? output : JSON.stringify(output ?? null);
  return { ...rest, ...toolFields(canonicalName(String(tool_name)), args), output: text.slice(0, hookOutputUnits).toWellFormed() };
}
