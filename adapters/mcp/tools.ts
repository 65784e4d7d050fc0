import * as z from "zod";
import { operations } from "../../lib/contract/index.js";
import type { Operation } from "../../lib/contract/operation.js";
import { type OperationName, operationSchemas } from "../../lib/contract/schemas.js";
import type { ComposedTool } from "./composed/composed-tool.js";

/** A JSON schema, as far as the tools look into it. */
export interface ToolSchema {
  readonly type: "object";
  readonly properties: Readonly<Record<string, object>>;
  readonly [keyword: string]: unknown;
}

/** One tool: an operation of the contract under its tool name. */
export interface Tool {
  readonly operation: Operation & { readonly name: OperationName };
  readonly name: string;
  readonly description: string;
  readonly inputSchema: ToolSchema;
  readonly annotations: { readonly readOnlyHint: boolean; readonly destructiveHint: boolean; readonly openWorldHint: boolean };
  /** Present where one call of the operation is not all. */
  readonly composed?: ComposedTool;
}

/** What only a stream understands; a tool answers one page. */
const streamFields = new Set(["follow", "previews", "approver"]);

/** The tools of the contract, in its order: every operation whose row has a tool name. */
export function contractTools(composed: Readonly<Record<string, ComposedTool>> = {}): Tool[] {
  return operations.flatMap((operation) =>
    operation.tool === undefined ? [] : [toTool(operation as Tool["operation"], operation.tool, composed[operation.tool])],
  );
}

function toTool(operation: Tool["operation"], name: string, composed: ComposedTool | undefined): Tool {
  const isStream = operation.reply === "stream";
  const said = composed?.description ?? operation.summary;
  return {
    operation,
    name,
    description: isStream ? `${said} One page: go on with after = next_after.` : said,
    inputSchema: composed ? schemaOf(composed.input) : derivedSchema(operation, isStream),
    annotations: {
      readOnlyHint: operation.method === "GET",
      destructiveHint: operation.method === "DELETE",
      openWorldHint: name === "run_start",
    },
    ...(composed && { composed }),
  };
}

/** The input of the operation under the names of the tool's parameters, without what a tool does not have. */
function derivedSchema({ name, tool_fields }: Tool["operation"], isStream: boolean): ToolSchema {
  const schema = schemaOf(operationSchemas[name].input);
  const fields = Object.entries(tool_fields ?? Object.fromEntries(Object.keys(schema.properties).map((field) => [field, field])));
  const kept = fields.filter(([, field]) => !isStream || !streamFields.has(field));
  const required = (schema["required"] as readonly string[] | undefined)?.map((field) => kept.find(([, of]) => of === field)?.[0] ?? field);
  return {
    ...schema,
    properties: Object.fromEntries(kept.map(([parameter, field]) => [parameter, schema.properties[field] as object])),
    ...(required && { required }),
  };
}

function schemaOf(input: z.ZodType): ToolSchema {
  const { $schema: _, properties = {}, ...rest } = z.toJSONSchema(input, { io: "input", unrepresentable: "any" });
  return {
    ...rest,
    type: "object",
    properties: Object.fromEntries(Object.entries(properties).map(([field, schema]) => [field, plain(schema as object)])),
  };
}

/** Without the spellings of a query string: arguments of a tool are JSON, so the type alone says it. */
function plain(schema: object): object {
  if (!("type" in schema) || !("anyOf" in schema)) return schema;
  const { anyOf: _, ...rest } = schema;
  return rest;
}
