// The product against what users would pick instead: `run.mjs [--json|--markdown] [name…]`, a name being the start of a scenario's.
import { resolve } from "node:path";
import { runScenarios } from "../lib/run-scenarios.mjs";

await runScenarios({ folder: resolve(import.meta.dirname, "scenarios"), words: process.argv.slice(2), against: "peer" });
