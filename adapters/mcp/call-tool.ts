import { AnodeError, isAnodeError } from "../../lib/errors.js";
import { parseWith } from "../../lib/parse.js";
import { problemOf } from "../../lib/problem.js";
import { fit, jsonBytes } from "./fit.js";
import type { OperationCaller, ToolCallOptions } from "./operation-caller.js";
import { inToolWords, toInput } from "./tool-fields.js";
import type { Tool } from "./tools.js";

type Document = Readonly<Record<string, unknown>>;

/** What a tool answers: a document, and the same as text for clients that read only that. */
export interface ToolResult {
  readonly content: { readonly type: "text"; readonly text: string }[];
  readonly structuredContent: Record<string, unknown>;
  readonly isError?: true;
  readonly [member: string]: unknown;
}

/** Performs a tool's operation; a refusal is a result too, with the problem document. It never rejects. */
export async function callTool(client: OperationCaller, tool: Tool, args: Document, options: ToolCallOptions): Promise<ToolResult> {
  const { composed, operation } = tool;
  try {
    const document = composed
      ? await composed.call(client, parseWith(composed.input, args) as never, options)
      : await pageThatFits(client, tool, toInput(args, operation.tool_fields), options);
    return toResult(fit(document, options.limitBytes));
  } catch (error) {
    const told = inToolWords(error, operation.tool_fields);
    return { ...toResult(fit(problemOf(isAnodeError(told) ? told : defect()), options.limitBytes)), isError: true };
  }
}

/** An error that is not ours tells nothing of itself. */
function defect(): AnodeError {
  return new AnodeError("internal", "This is a defect of the server; its log has the details.");
}

/** A page that is too large is asked for again with fewer items: so the cursor in it is the one to go on with. */
async function pageThatFits(
  client: OperationCaller,
  { operation: { name, items } }: Tool,
  input: Document,
  { limitBytes, signal }: ToolCallOptions,
): Promise<Document> {
  const callOptions = signal ? { signal } : {};
  let document = (await client.call(name, input, callOptions)) as Document;
  while (items !== undefined && jsonBytes(document) > limitBytes) {
    const page = document[items] as readonly unknown[];
    const limit = Math.min(page.length - 1, countWithin(page, limitBytes));
    if (limit < 1) break;
    document = (await client.call(name, { ...input, limit }, callOptions)) as Document;
  }
  return document;
}

/** How many items together stay within the bytes, at least one; what stands around them has its room too. */
function countWithin(items: readonly unknown[], limitBytes: number): number {
  const envelopeBytes = 1_024;
  let bytes = envelopeBytes;
  let count = 0;
  for (const item of items) {
    bytes += jsonBytes(item) + 1;
    if (bytes > limitBytes) break;
    count += 1;
  }
  return Math.max(1, count);
}

function toResult(document: Document): ToolResult {
  return { content: [{ type: "text", text: JSON.stringify(document) }], structuredContent: { ...document } };
}
