import * as z from "zod";

const type = z.enum(["string", "number", "integer", "boolean", "array", "object"]);
const argument = z.union([type, z.looseObject({ type, description: z.string().exactOptional(), required: z.boolean().exactOptional() })]);

const raw = z.looseObject({
  name: z.string().min(1).max(64),
  description: z.string().max(16_384),
  args: z.record(z.string(), z.unknown()).exactOptional(),
  permission: z.string().exactOptional(),
  timeout_seconds: z.number().gt(0).max(3600).exactOptional(),
});

/** What a program of the toolbox says of itself. */
export interface Description {
  readonly name: string;
  readonly description: string;
  /** JSON schema of its arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly permission?: string;
  readonly timeout_seconds?: number;
}

/** @throws Error that says what is wrong with it */
export function parseDescription(text: string): Description {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error("its description is not JSON");
  }
  const parsed = raw.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`its description is wrong: ${issue?.path.join(".") || "the whole"}: ${issue?.message}`);
  }
  const { args = {}, description, name, permission, timeout_seconds } = parsed.data;
  return {
    name,
    description,
    parameters: toSchema(args),
    ...(permission !== undefined && { permission }),
    ...(timeout_seconds !== undefined && { timeout_seconds }),
  };
}

/** A map of names to types becomes a JSON schema; a JSON schema stays what it is. */
function toSchema(args: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (args["type"] === "object" && typeof args["properties"] === "object" && args["properties"] !== null) return args;
  const parsed = z.record(z.string(), argument).safeParse(args);
  if (!parsed.success) throw new Error(`its args are wrong: ${parsed.error.issues[0]?.path.join(".")}`);
  const entries = Object.entries(parsed.data).map(([name, value]) => [name, typeof value === "string" ? { type: value } : value] as const);
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, value]) => [name, withoutRequired(value)])),
    required: entries.flatMap(([name, value]) => ("required" in value && value.required === false ? [] : [name])),
    additionalProperties: false,
  };
}

/** `required` stands at the object in a JSON schema. */
function withoutRequired(schema: object): object {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "required"));
}
