import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { detectAgent } from "../../../lib/acp/index.js";

function installed(script: string): { folder: string; file: string; write(text: string): void } {
  const folder = mkdtempSync(join(tmpdir(), "anode-acp-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "some-agent");
  const write = (text: string): void => {
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
  };
  write(script);
  return { folder, file, write };
}

const agent = { argv: ["some-agent", "acp"], approval: {} };

describe("the detection of an agent", () => {
  it("finds its command and asks for its version alone, with an empty input and no secret", async () => {
    const { folder, file } = installed('[ "$*" = --version ] && [ -z "$HOME" ] && ! read line && echo "agent 1.2.3" && echo more');
    expect(await detectAgent(agent, `${folder}:/usr/bin:/bin`)).toEqual({ path: file, version: "agent 1.2.3" });
  });

  it("keeps the answer until the file changes", async () => {
    const { folder, file, write } = installed("echo one");
    const look = async (): Promise<string | undefined> => (await detectAgent(agent, folder))?.version;
    expect(await look()).toBe("one");
    write("echo two # longer");
    utimesSync(file, 1, 1);
    expect(await look()).toBe("two");
  });

  it("takes one that says no version as installed", async () => {
    for (const script of ["exit 3", String.raw`head -c 10000 /dev/zero | tr '\0' x`]) {
      const { folder, file } = installed(script);
      expect(await detectAgent(agent, `${folder}:/usr/bin:/bin`)).toEqual({ path: file });
    }
  });

  it("finds nothing where nothing is", async () => {
    expect(await detectAgent(agent, "/nowhere")).toBeUndefined();
  });
});
