import * as z from "zod";
import type { Operation } from "./operation.js";
import { entryOf, type ErrorCode } from "../errors.js";

/** The zod schemas of one operation. */
export interface OperationSchemas {
  readonly input: z.ZodType;
  readonly output?: z.ZodType | undefined;
}

interface JsonSchema {
  readonly [key: string]: unknown;
  readonly properties?: Readonly<Record<string, object>>;
  readonly required?: readonly string[];
}

const problemSchema = {
  type: "object",
  required: ["type", "title", "status", "detail", "code", "request_id"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    code: { type: "string" },
    request_id: { type: "string" },
    hint: { type: "string" },
  },
};
const problemContent = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };

/** Gives the JSON schema of a zod schema and keeps what it refers to among the document's components. */
type Draw = (schema: z.ZodType, io: "input" | "output", name: string) => JsonSchema;

/**
 * The OpenAPI 3.1 document of the contract.
 * @param schemas - by operation name; an operation without an entry is described without input and output
 */
export function toOpenApi(
  operations: readonly Operation[],
  schemas: Readonly<Record<string, OperationSchemas>>,
  version: string,
): Record<string, unknown> {
  const components: Record<string, unknown> = { Problem: problemSchema };
  const draw = drawingInto(components);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    for (const [i, path] of [operation.path, ...operation.aliases].entries()) {
      const operationId = i === 0 ? operation.name : `${operation.name}.${i}`;
      (paths[path] ??= {})[operation.method.toLowerCase()] = { operationId, ...describe(operation, path, schemas[operation.name], draw) };
    }
  }
  return {
    openapi: "3.1.0",
    info: { title: "anode-daemon", version },
    paths,
    components: { schemas: components, securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
  };
}

function describe(operation: Operation, path: string, schemas: OperationSchemas | undefined, draw: Draw): Record<string, unknown> {
  const input: JsonSchema = schemas ? draw(schemas.input, "input", `${operation.name}.input`) : {};
  const inPath = new Set([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string));
  const members = Object.entries(input.properties ?? {});
  const required = new Set(input.required ?? []);
  const query = operation.body === "json" ? [] : members.filter(([name]) => !inPath.has(name));
  const parameters = [
    ...[...inPath].map((name) => ({ name, in: "path", required: true, schema: input.properties?.[name] ?? { type: "string" } })),
    ...query.map(([name, schema]) => ({ name, in: "query", required: required.has(name), schema })),
    ...(operation.idempotent
      ? [{ name: "Idempotency-Key", in: "header", required: false, schema: { type: "string", maxLength: 255 } }]
      : []),
  ];
  return {
    summary: operation.summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(operation.body === "none" ? {} : { requestBody: { required: true, content: bodyContent(operation, without(input, inPath)) } }),
    responses: responsesOf(operation, schemas?.output && draw(schemas.output, "output", `${operation.name}.output`)),
    ...(operation.scope === "none" ? { security: [] } : { security: [{ bearer: [] }], "x-scope": operation.scope }),
  };
}

const fileForm = { type: "object", required: ["file"], properties: { file: {} }, additionalProperties: false };

function bodyContent({ body }: Operation, input: JsonSchema): Record<string, unknown> {
  if (body === "json") return { "application/json": { schema: input } };
  return body === "multipart" ? { "multipart/form-data": { schema: fileForm } } : { "*/*": {} };
}

function responsesOf(operation: Operation, output: JsonSchema | undefined): Record<string, unknown> {
  const responses: Record<string, unknown> = {
    [operation.success]: { description: "Success.", ...contentOf(operation, output) },
    default: { description: "Refused or failed.", content: problemContent },
  };
  for (const [status, codes] of byStatus(operation.codes)) {
    responses[status] = { description: codes.map((code) => `${code}: ${entryOf(code).text}.`).join(" "), content: problemContent };
  }
  return responses;
}

function contentOf(operation: Operation, output: JsonSchema | undefined): { content?: Record<string, unknown> } {
  if (operation.success === 204) return {};
  if (operation.reply === "bytes") return { content: { "application/octet-stream": {} } };
  const json = { "application/json": { schema: output ?? {} } };
  return { content: operation.reply === "stream" ? { "text/event-stream": {}, "application/x-ndjson": {}, ...json } : json };
}

function byStatus(codes: readonly ErrorCode[]): Map<number, ErrorCode[]> {
  const groups = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = entryOf(code);
    if (status !== undefined) groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return groups;
}

function without(schema: JsonSchema, names: ReadonlySet<string>): JsonSchema {
  if (names.size === 0 || !schema.properties) return schema;
  const properties = Object.fromEntries(Object.entries(schema.properties).filter(([name]) => !names.has(name)));
  const required = (schema.required ?? []).filter((name) => !names.has(name));
  return { ...schema, properties, required };
}

// zod puts shared and recursive schemas into `$defs` of the one that uses them; in a document they must stand at one place.
function drawingInto(components: Record<string, unknown>): Draw {
  return (schema, io, name) => {
    const { $schema: _, ...drawn } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
    const text = JSON.stringify(drawn)
      .replaceAll('"$ref":"#/$defs/', `"$ref":"#/components/schemas/${name}.`)
      .replaceAll('"$ref":"#"', `"$ref":"#/components/schemas/${name}"`);
    const { $defs = {}, ...document }: JsonSchema & { $defs?: Record<string, unknown> } = JSON.parse(text);
    for (const [key, definition] of Object.entries($defs)) components[`${name}.${key}`] = definition;
    if (text.includes(`"#/components/schemas/${name}"`)) components[name] = document;
    return document;
  };
}
