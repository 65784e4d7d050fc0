import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Home, homeOf, openHome } from "../../../adapters/daemon/home.js";
import { StartRefused } from "../../../adapters/daemon/start-refused.js";

/** A private folder that goes when the test ends. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "anode-unit-"));
  chmodSync(path, 0o700);
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A home folder in a folder of its own, and a working folder beside it. */
export function temporaryHome(): { home: Home; cwd: string } {
  const root = temporaryFolder();
  const home = homeOf({ ANODE_HOME: join(root, "home") });
  openHome(home);
  const cwd = join(root, "work");
  mkdirSync(cwd);
  return { home, cwd };
}

/** The refusal that the call throws. */
export async function refusalOf(call: () => unknown): Promise<StartRefused> {
  try {
    await call();
  } catch (error) {
    if (error instanceof StartRefused) return error;
    throw error;
  }
  throw new Error("The call was not refused.");
}
