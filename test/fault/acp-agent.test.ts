import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { createProcesses } from "../../lib/node/index.js";
import { systemHost } from "../../lib/system-host.js";
import { type AcpBench, openAcpBench, scriptedDefinition } from "../support/acp.js";

const program = fileURLToPath(new URL("../support/acp-agent.ts", import.meta.url));

async function open(set: Record<string, string> = {}): Promise<{ bench: AcpBench; folder: string }> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "anode-acp-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const agents = { scripted: { ...scriptedDefinition, argv: [process.execPath, program], env: { set } } };
  const bench = await openAcpBench({ agents, processes: createProcesses({ host: systemHost }) });
  return { bench, folder };
}

describe("an agent's process", () => {
  it("runs a prompt from the launch to the end", async () => {
    const { bench, folder } = await open();
    const { record, of } = await bench.run({ prompt: "#script say hi", cwd: folder });
    expect(record).toMatchObject({ status: "completed", result: "hi" });
    expect(of("process.exited")[0]?.payload).toMatchObject({ exit_code: 0 });
  });
});
