import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { formatHead, formatRow, markdownHead, markdownRow } from "./table.mjs";

/** Programs end by themselves within 20 s; this is for one that hangs. */
const longestMs = 60_000;

/**
 * Runs the programs of a folder, one after the other, and prints a table, with `--markdown` as the documents have it, or with
 * `--json` a line a row: `[--json|--markdown] [name…]`, a name being the start of a program's. The exit status is 2 for a name that is none, 1 when a program failed.
 */
export async function runScenarios({ folder, words, against }) {
  const { head, row } = formats[words.find((word) => word in formats) ?? "--table"];
  const names = words.filter((word) => !(word in formats));
  const all = readdirSync(folder).sort();
  const unknown = names.filter((name) => !all.some((file) => file.startsWith(name)));
  if (unknown.length > 0) {
    console.error(`There is no scenario ${unknown.join(", ")}. There are: ${all.join(", ")}`);
    process.exitCode = 2;
    return;
  }
  const shown = head(against);
  if (shown !== undefined) console.log(shown);
  const report = (measured) => console.log(row(measured));
  for (const file of all) {
    if (names.length === 0 || names.some((name) => file.startsWith(name))) await run(resolve(folder, file), report);
  }
}

const formats = {
  "--table": { head: formatHead, row: formatRow },
  "--markdown": { head: markdownHead, row: markdownRow },
  "--json": { head: () => undefined, row: (measured) => JSON.stringify(toPlain(measured)) },
};

async function run(path, report) {
  const child = spawn(process.execPath, [path], { stdio: ["ignore", "pipe", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), longestMs);
  const exited = new Promise((done) => child.once("close", (code, signal) => done(signal ?? code)));
  for await (const line of createInterface({ input: child.stdout })) report(JSON.parse(line));
  const status = await exited;
  clearTimeout(timer);
  if (status === 0) return;
  console.error(`${path} failed: it ended with ${status}.`);
  process.exitCode = 1;
}

function toPlain({ id, peer, missing, ours, limit, ratio, goal, better, unit }) {
  const about = { goal, better, unit, ...(peer !== undefined && { peer }) };
  if (missing !== undefined) return { id, ours: null, limit: null, ratio: null, ...about, missing };
  return { id, ours: ours.median, limit: limit.median, ratio, ...about };
}
