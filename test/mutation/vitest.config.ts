import { defineConfig } from "vitest/config";

// The tests of the one file that is being mutated; see run.mjs.
export default defineConfig({ test: { include: (process.env["MUTATION_TESTS"] ?? "").split(","), isolate: false } });
