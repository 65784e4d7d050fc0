// An MCP server over its standard streams for tests. Its argument says how it behaves.
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const behavior = process.argv[2] ?? "good";
if (behavior === "exit") {
  process.stderr.write("there is no such database\n");
  process.exit(4);
}
if (behavior === "silent") setInterval(() => {}, 1000);
else await serve();

async function serve() {
  const server = new Server({ name: "fixture", version: "1" }, { capabilities: { tools: {} } });
  const tool = (name) => ({ name, description: `tool ${name}`, inputSchema: { type: "object" }, annotations: { readOnlyHint: true } });
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) =>
    params?.cursor
      ? { tools: [tool("get_second"), tool("x".repeat(80))] }
      : { tools: [tool("echo"), tool("get_env"), tool("fail"), tool("hang"), tool("picture")], nextCursor: "2" },
  );
  server.setRequestHandler(CallToolRequestSchema, async ({ params: { arguments: args, name } }) => {
    if (name === "echo")
      return {
        content: [
          { type: "text", text: JSON.stringify(args) },
          { type: "text", text: "second" },
        ],
      };
    if (name === "get_env") return { content: [{ type: "text", text: JSON.stringify({ ...process.env, cwd: process.cwd() }) }] };
    if (name === "fail") return { isError: true, content: [{ type: "text", text: "it failed" }] };
    if (name === "picture")
      return {
        content: [
          { type: "image", mimeType: "image/png", data: Buffer.from("12345").toString("base64") },
          { type: "resource", resource: { uri: "x:y", mimeType: "text/plain", text: "four" } },
        ],
      };
    return new Promise(() => {});
  });
  if (behavior === "greeting") process.stdout.write("Welcome to the fixture!\n");
  await server.connect(new StdioServerTransport());
}
