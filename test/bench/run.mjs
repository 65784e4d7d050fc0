// Runs the benchmark programs, one after the other, and prints a table: `run.mjs [--json] [name…]`, a name being the start of a scenario's.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { resolve } from "node:path";
import { formatHead, formatRow } from "./lib/table.mjs";

/** Programs end by themselves within 20 s; this is for one that hangs. */
const longestMs = 60_000;
const folder = resolve(import.meta.dirname, "scenarios");
const words = process.argv.slice(2);
const asJson = words.includes("--json");
const names = words.filter((word) => word !== "--json");
const scenarios = readdirSync(folder)
  .filter((file) => names.length === 0 || names.some((name) => file.startsWith(name)))
  .sort();

if (scenarios.length === 0) {
  console.error(`There is no scenario ${names.join(", ")}. There are: ${readdirSync(folder).join(", ")}`);
  process.exitCode = 2;
}
if (!asJson) console.log(formatHead());
for (const scenario of scenarios) await run(scenario);

async function run(scenario) {
  const child = spawn(process.execPath, [resolve(folder, scenario)], { stdio: ["ignore", "pipe", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), longestMs);
  const exited = new Promise((done) => child.once("close", (code, signal) => done(signal ?? code)));
  for await (const line of createInterface({ input: child.stdout })) report(JSON.parse(line));
  const status = await exited;
  clearTimeout(timer);
  if (status === 0) return;
  console.error(`${scenario} failed: it ended with ${status}.`);
  process.exitCode = 1;
}

function report(row) {
  console.log(asJson ? JSON.stringify(toPlain(row)) : formatRow(row));
}

function toPlain({ id, missing, ours, limit, ratio, goal, better, unit }) {
  if (missing !== undefined) return { id, ours: null, limit: null, ratio: null, goal, better, unit, missing };
  return { id, ours: ours.median, limit: limit.median, ratio, goal, better, unit };
}
