import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { McpServerConfig } from "../config-schema.js";
import { textGlob } from "../../text-glob.js";
import type { AgentTool } from "../tool.js";
import { toAgentTool } from "../tools/external-tool.js";
import type { Answered } from "../tools/define-tool.js";
import { fittingName } from "../tools/tool-name.js";
import type { ToolRoom } from "../tools/tool-room.js";

const pages = 50;

/** The tools of a connected server that the configuration lets through. What the server says of their effects decides nothing. */
export async function listTools(
  room: ToolRoom,
  client: Client,
  { name: server, config }: { readonly name: string; readonly config: McpServerConfig },
): Promise<AgentTool[]> {
  const includes = matcher(config.includeTools);
  const excludes = matcher(config.excludeTools);
  const reads = matcher(config.readOnlyTools);
  const tools: AgentTool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < pages; page += 1) {
    const { nextCursor, tools: found } = await client.listTools(cursor === undefined ? {} : { cursor });
    for (const { name, description = "", inputSchema } of found) {
      if ((config.includeTools && !includes(name)) || excludes(name)) continue;
      const isRead = reads(name);
      tools.push(
        toAgentTool(
          {
            name: fittingName("mcp", server, name),
            description,
            level: isRead ? "external_read" : "confirm_execute",
            opaque: !isRead,
            parameters: inputSchema,
            run: (args, { signal }) => call(client, name, args, { signal, timeout: room.config.mcp?.callTimeout ?? 120_000 }),
          },
          room.outputBytes,
        ),
      );
    }
    cursor = nextCursor;
    if (cursor === undefined) break;
  }
  return tools;
}

async function call(
  client: Client,
  name: string,
  args: Readonly<Record<string, unknown>>,
  options: { signal: AbortSignal; timeout: number },
): Promise<Answered> {
  const result = await client.callTool({ name, arguments: args }, undefined, { ...options, maxTotalTimeout: options.timeout });
  const content = Array.isArray(result.content) ? (result.content as readonly Part[]) : [];
  const text =
    content.map(partText).join("\n") ||
    (result.structuredContent === undefined ? "(no content)" : JSON.stringify(result.structuredContent));
  return result.isError === true ? { ok: false, text: `error: failed: ${text}`, error: text.slice(0, 1000) } : { text };
}

interface Part {
  readonly type: string;
  readonly text?: string;
  readonly data?: string;
  readonly mimeType?: string;
  readonly uri?: string;
  readonly resource?: { readonly text?: string; readonly blob?: string; readonly mimeType?: string };
}

function partText({ type, text, data, mimeType, uri, resource }: Part): string {
  if (type === "text") return text ?? "";
  const base64 = data ?? resource?.blob;
  const bytes = base64 === undefined ? Buffer.byteLength(resource?.text ?? uri ?? "") : Buffer.from(base64, "base64").length;
  return `[${type} ${mimeType ?? resource?.mimeType ?? "application/octet-stream"} ${bytes}]`;
}

function matcher(globs: readonly string[] = []): (name: string) => boolean {
  const tests = globs.map(textGlob);
  return (name) => tests.some((test) => test(name));
}
