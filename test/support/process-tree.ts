import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const trees = fileURLToPath(new URL("./trees/", import.meta.url));

/** The fixture programs, by the name of their shape. */
export const shapes = readdirSync(trees)
  .filter((name) => /^\d\d-/.test(name))
  .map((name) => name.replace(".sh", ""));

/** Argv of a shape that beats in `folder`. */
export function shapeArgv(shape: string, folder: string): string[] {
  return ["/bin/sh", join(trees, `${shape}.sh`), folder];
}

/** A folder for the beats of one tree, whose path marks all processes that have it in their arguments or environment. */
export function treeFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "anode-tree-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Live processes that bear the mark, by pid. */
export function survivors(mark: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isSafeInteger(pid) || pid === process.pid) continue;
    const [stat, commandLine, environment] = ["stat", "cmdline", "environ"].map((file) => read(`/proc/${name}/${file}`));
    if (/\) [ZX] /.test(stat ?? "")) continue;
    if (commandLine?.includes(mark) || environment?.includes(mark)) found.set(pid, commandLine?.replaceAll("\0", " ").trim() ?? "");
  }
  return found;
}

/** Ends by force what bears the mark. */
export function endSurvivors(mark: string): void {
  for (const pid of survivors(mark).keys()) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Ended by itself.
    }
  }
}

/** How far each member of a tree has come. */
export function beats(folder: string): Record<string, number> {
  const files = readdirSync(folder).filter((name) => name.endsWith(".beat"));
  return Object.fromEntries(files.map((name) => [name.replace(".beat", ""), statSync(join(folder, name)).size]));
}

/** Resolves when every named member has beaten. */
export async function beating(folder: string, names: readonly string[]): Promise<void> {
  await until(() => names.every((name) => (beats(folder)[name] ?? 0) > 0), `beats of ${names.join(", ")}`);
}

/** Resolves when the condition holds; looks every 10 ms, for 10 s. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited 10 s for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}
