import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
const programs = readdirSync(folder).filter((name) => name.endsWith(".mjs"));

/** Exit code and all it said. */
function run(program: string): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [folder + program], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (said += part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => (said += part));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, said })));
}

describe("the examples", () => {
  it("are all here", () => {
    expect(programs.sort()).toEqual([
      "agent-embed.mjs",
      "agent-hook.mjs",
      "agent-plugin.mjs",
      "agent-tool.mjs",
      "custom-executor.mjs",
      "custom-server.mjs",
      "custom-store.mjs",
      "demo.mjs",
      "embed.mjs",
      "in-memory-test.mjs",
      "mesh-service.mjs",
      "web-server.mjs",
    ]);
  });

  it.each(programs)("%s shows what it promises and ends by itself", async (program) => {
    const { code, said } = await run(program);
    expect([code, code === 0 ? "" : said]).toEqual([0, ""]);
  });
});
