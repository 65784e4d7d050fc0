import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { serveMcp } from "../../../adapters/mcp/stdio.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { openManager } from "../../support/manager.js";
import { callerOf } from "./fixtures.js";

describe("serveMcp", () => {
  it("answers line by line and resolves when the input ends", async () => {
    const manager = await openManager(functionExecutor(() => "done"));
    const stdin = new PassThrough();
    const stdout = new PassThrough({ encoding: "utf8" });
    const served = serveMcp(callerOf(manager), { stdin, stdout });
    const send = (message: object): unknown => stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
    send({
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "0" } },
    });
    send({ method: "notifications/initialized" });
    send({ id: 2, method: "tools/call", params: { name: "run_start", arguments: { prompt: "x" } } });
    const replies: Record<string, unknown>[] = [];
    for await (const chunk of stdout) {
      replies.push(
        ...String(chunk)
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Record<string, unknown>),
      );
      if (replies.length === 2) break;
    }
    expect(replies[0]).toMatchObject({ id: 1, result: { serverInfo: { name: "anode-daemon" }, capabilities: { tools: {} } } });
    expect(replies[1]).toMatchObject({ id: 2, result: { structuredContent: { run_id: expect.stringMatching(/^R-/) } } });
    stdin.end();
    await served;
  });
});
