import { readFileSync } from "node:fs";
import { defineConfig } from "tsup";

const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: Record<string, string> };

export default defineConfig([
  {
    name: "library",
    silent: true,
    entry: ["lib/**/*.ts", "adapters/{http,client,mcp,daemon,cli}/**/*.ts"],
    format: "esm",
    target: "node22",
    outDir: "dist",
    // One output for each source: no class exists twice, so identity holds between the doors.
    bundle: false,
    sourcemap: true,
    // The other configuration runs at the same time and owns this folder.
    clean: ["!program/**"],
    removeNodeProtocol: false,
  },
  {
    name: "program",
    silent: true,
    entry: {
      anode: "adapters/program/anode.cts",
      program: "adapters/cli/main.ts",
      "sqlite-worker": "lib/node/sqlite/sqlite-worker.ts",
    },
    // CommonJS starts about twice as fast as the same program through the ESM loader.
    format: "cjs",
    outExtension: () => ({ js: ".cjs" }),
    target: "node22",
    outDir: "dist/program",
    clean: true,
    minify: true,
    splitting: false,
    // Gives import.meta.url a meaning in CommonJS.
    shims: true,
    // Dependencies go in; optional peers stay out and are looked for when asked for.
    noExternal: Object.keys(dependencies),
    external: ["./program.cjs"],
    // On by default, and "sqlite" without its prefix does not exist.
    removeNodeProtocol: false,
  },
]);
