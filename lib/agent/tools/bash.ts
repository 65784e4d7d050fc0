import { existsSync } from "node:fs";
import * as z from "zod";
import { type Answered, type BuiltinTool, defineTool } from "./define-tool.js";
import { createHeadAndTail } from "./head-and-tail.js";
import type { ToolRoom } from "./tool-room.js";

const args = z.strictObject({
  command: z.string().min(1).max(262_144).describe("What the shell runs; its input is empty"),
  cwd: z.string().min(1).exactOptional().describe("Folder to run in, relative to the working folder"),
  timeout_ms: z.int().min(1).max(600_000).exactOptional().describe("Milliseconds until it is ended, default 120000"),
});

/** Bytes of output that are kept while it comes: enough for the event, with room for the cut. */
const keptBytes = 256 * 1024;

/** Tool `bash`. */
export function createBashTool(room: ToolRoom): BuiltinTool {
  const { config, files, commands } = room;
  const { shell = {}, tools = {} } = config;
  return defineTool(
    {
      name: "bash",
      description: "Runs a shell command; gives its output and exit code. Nothing it starts outlives it.",
      level: "confirm_execute",
      args,
      paths: ({ cwd }) => (cwd === undefined ? [] : [{ path: cwd, writes: false }]),
      async run({ command, cwd, timeout_ms }, call): Promise<Answered> {
        const folder = cwd === undefined ? files.workspace.cwd : await files.enter(call.call_id, cwd, "read");
        const output = createHeadAndTail(keptBytes);
        const timeoutMs = timeout_ms ?? tools.limits?.bashMs ?? 120_000;
        const end = await commands.run({
          run_id: room.run_id,
          // Through one pipe, so that the order of what it writes to the two streams is not lost.
          argv: ["/bin/sh", "-c", 'exec "$@" 2>&1', "sh", shell.path ?? defaultShell(), "-c", command],
          cwd: folder,
          hidden: true,
          signal: call.signal,
          timeoutMs,
          ...(shell.pass && { pass: shell.pass }),
          ...(shell.env && { env: shell.env }),
          onOutput(text) {
            output.push(text);
            call.preview(text);
          },
        });
        const { exit_code, signal, timed_out = false } = end;
        const ok = exit_code === 0 && !timed_out;
        const how = timed_out
          ? `timed out after ${timeoutMs} ms`
          : signal === undefined
            ? `exit code ${exit_code ?? "unknown"}`
            : `ended by ${signal}`;
        const said = output.text();
        return {
          ok,
          text: [said.replace(/\n$/, ""), ...(ok ? [] : [`[${how}]`])].filter((part) => part !== "").join("\n") || "(no output)",
          output: said,
          ...(!ok && { error: how }),
          ...(exit_code !== undefined && { exit_code }),
        };
      },
    },
    room.outputBytes,
  );
}

function defaultShell(): string {
  return existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh";
}
