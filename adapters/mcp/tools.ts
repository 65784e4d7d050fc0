import * as z from "zod";
import { operations } from "../../lib/contract/index.js";
import type { Operation } from "../../lib/contract/operation.js";
import { type OperationName, operationSchemas } from "../../lib/contract/schemas.js";

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
}

/** What only a stream understands; a tool answers one page. */
const streamFields = new Set(["follow", "previews", "approver"]);

/** The tools of the contract, in its order: every operation whose row has a tool name. */
export function contractTools(): Tool[] {
  return operations.flatMap((operation) => (operation.tool === undefined ? [] : [toTool(operation as Tool["operation"], operation.tool)]));
}

function toTool(operation: Tool["operation"], name: string): Tool {
  const isStream = operation.reply === "stream";
  return {
    operation,
    name,
    description: isStream ? `${operation.summary} One page: go on with after = next_after.` : operation.summary,
    inputSchema: inputSchemaOf(operation.name, isStream ? streamFields : new Set()),
    annotations: {
      readOnlyHint: operation.method === "GET",
      destructiveHint: operation.method === "DELETE",
      openWorldHint: name === "run_start",
    },
  };
}

function inputSchemaOf(name: OperationName, left: ReadonlySet<string>): ToolSchema {
  const { $schema: _, properties = {}, ...rest } = z.toJSONSchema(operationSchemas[name].input, { io: "input", unrepresentable: "any" });
  const kept = Object.entries(properties).filter(([field]) => !left.has(field));
  return { ...rest, type: "object", properties: Object.fromEntries(kept.map(([field, schema]) => [field, plain(schema as object)])) };
}

/** Without the spellings of a query string: arguments of a tool are JSON, so the type alone says it. */
function plain(schema: object): object {
  if (!("type" in schema) || !("anyOf" in schema)) return schema;
  const { anyOf: _, ...rest } = schema;
  return rest;
}
