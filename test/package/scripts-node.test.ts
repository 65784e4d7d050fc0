import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { devDependencies: Record<string, string> };
const pinned = `v${manifest.devDependencies["node"]}`;

/** The search path as a terminal has it, without what npm put in front. */
function terminalPath(): string {
  const entries = (process.env["PATH"] ?? "").split(delimiter);
  return entries.filter((entry) => !entry.includes("node_modules")).join(delimiter);
}

describe("The pinned Node", () => {
  it("is one exact version", () => {
    expect(pinned).toMatch(/^v\d+\.\d+\.\d+$/);
  });

  it("runs the tests", () => {
    expect(process.version).toBe(pinned);
  });

  it("is what npm scripts find first, whatever the machine has", () => {
    const version = execFileSync("npm", ["exec", "--call", "node --version"], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, PATH: terminalPath() },
    });
    expect(version.trim()).toBe(pinned);
  });
});
