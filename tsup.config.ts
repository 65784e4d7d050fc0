import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { defineConfig, type Options } from "tsup";

const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: Record<string, string> };

/** The program's files. What a command or a kind of run alone needs is a file of its own, with a compile cache of its own. */
const program = {
  anode: "adapters/program/anode.cts",
  program: "adapters/cli/main.ts",
  daemon: "adapters/daemon/index.ts",
  agent: "lib/agent/index.ts",
  "foreign-agents": "lib/acp/index.ts",
  acp: "adapters/cli/commands/acp.ts",
  doctor: "adapters/cli/commands/doctor.ts",
  "hook-ws": "adapters/cli/commands/hook-ws.ts",
  mcp: "adapters/cli/commands/mcp.ts",
  openapi: "adapters/cli/commands/openapi.ts",
  "peer-socket": "adapters/client/peer-socket.ts",
  "web-socket-server": "adapters/http/ws/web-socket-server.ts",
  zod: "adapters/program/zod.ts",
  "sqlite-worker": "lib/node/sqlite/sqlite-worker.ts",
};

/** Where one of the files above is imported on demand, it is required; imported in the ordinary way, it is bundled as far as it is used. */
const requireOnDemand: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "require-on-demand",
  setup(build) {
    const files = new Map(Object.entries(program).map(([name, path]) => [resolve(path), name]));
    build.onResolve({ filter: /^\.{1,2}\// }, ({ kind, path, resolveDir }) => {
      const name = kind === "dynamic-import" ? files.get(resolve(resolveDir, path.replace(/\.js$/, ".ts"))) : undefined;
      return name === undefined ? undefined : { path: `./${name}.cjs`, external: true };
    });
  },
};

/**
 * Imports at once what is imported on demand, unless it is one of the files above. A module that may be imported on demand is kept apart
 * in a function of its own, and so is everything that it imports: in a daemon, which needs nearly all of it, a tenth of its start.
 */
const importAtOnce: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "import-at-once",
  setup(build) {
    const files = new Set(Object.values(program).map((path) => resolve(path)));
    build.onLoad({ filter: /\/adapters\/.*\.ts$/ }, ({ path }) => {
      const imported: string[] = [];
      const code = readFileSync(path, "utf8").replace(/\bimport\("(\.[^"]+)\.js"\)/g, (onDemand, from: string) => {
        if (files.has(resolve(dirname(path), `${from}.ts`))) return onDemand;
        return `Promise.resolve(atOnce${imported.push(from)})`;
      });
      const imports = imported.map((from, index) => `import * as atOnce${index + 1} from "${from}.js";`);
      return { contents: [code, ...imports].join("\n"), loader: "ts" };
    });
  },
};

/**
 * Loads with their first call the modules of Node that take milliseconds and that a daemon does without until it is asked for something:
 * `node:crypto` alone takes as long as all of our own. The assertions of the router say nothing unless they fail.
 */
const builtinsWhenCalled: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "builtins-when-called",
  setup(build) {
    build.onResolve({ filter: /^node:(assert|crypto|perf_hooks)$/ }, ({ path }) => ({ path, namespace: "when-called" }));
    build.onLoad({ filter: /./, namespace: "when-called" }, ({ path }) => {
      const load = `process.getBuiltinModule("${path}")`;
      if (path === "node:assert") return { contents: `module.exports = (holds, ...rest) => void (holds || ${load}(holds, ...rest));` };
      const functions = Object.entries(process.getBuiltinModule(path) ?? {}).filter(([, value]) => typeof value === "function");
      return { contents: functions.map(([name]) => `export const ${name} = (...given) => ${load}.${name}(...given);`).join("\n") };
    });
  },
};

/**
 * What find-my-way judges regular expressions with: its own three when it is loaded, and those in routes, of which the contract has none
 * (a test of the package looks). Taking all of them apart is a sixth of what loading our modules takes.
 */
const noExpressionsInRoutes: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "no-expressions-in-routes",
  setup(build) {
    build.onResolve({ filter: /^safe-regex2$/ }, ({ path }) => ({ path, namespace: "no-expressions" }));
    build.onLoad({ filter: /./, namespace: "no-expressions" }, () => ({ contents: "module.exports = () => true;" }));
  },
};

/**
 * The zod of all files of the program: one of them, required when a schema is first looked at, which an idle daemon does not. What
 * `import * as z` gives has the prototype of the module, so each member is looked for there.
 */
const zodWhenAsked: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "zod-when-asked",
  setup(build) {
    const file = resolve(program.zod);
    build.onResolve({ filter: /^zod$/ }, ({ path, importer }) => (importer === file ? undefined : { path, namespace: "when-asked" }));
    build.onResolve({ filter: /^\.\/zod\.cjs$/, namespace: "when-asked" }, ({ path }) => ({ path, external: true }));
    build.onLoad({ filter: /./, namespace: "when-asked" }, () => ({
      contents: `const get = (_, name) => (name === "__esModule" ? undefined : require("./zod.cjs")[name]);
        module.exports = Object.create(new Proxy({}, { get }));`,
    }));
  },
};

/** Writes the dashboard's page, which names its files by their hashes. */
const pageOfAssets: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "page-of-assets",
  setup(build) {
    build.onEnd(({ outputFiles = [] }) => {
      const named = (ending: string): string => basename(outputFiles.find(({ path }) => path.endsWith(ending))?.path ?? "");
      const page = readFileSync("adapters/dashboard/index.html", "utf8")
        .replace("{{script}}", named(".js"))
        .replace("{{style}}", named(".css"));
      mkdirSync("dist/dashboard", { recursive: true });
      writeFileSync("dist/dashboard/index.html", page);
    });
  },
};

const { daemon, ...others } = program;

const programFiles: Options = {
  silent: true,
  // CommonJS starts about twice as fast as the same program through the ESM loader.
  format: "cjs",
  outExtension: () => ({ js: ".cjs" }),
  target: "node22",
  outDir: "dist/program",
  minify: true,
  splitting: false,
  // Gives import.meta.url a meaning in CommonJS.
  shims: true,
  // Dependencies go in; optional peers stay out and are looked for when asked for.
  noExternal: Object.keys(dependencies),
  external: ["./program.cjs"],
  esbuildOptions(options) {
    // An import() of CommonJS would start the ESM loader for it.
    options.supported = { "dynamic-import": false };
  },
  // On by default, and "sqlite" without its prefix does not exist.
  removeNodeProtocol: false,
};

export default defineConfig([
  {
    name: "library",
    silent: true,
    entry: ["lib/**/*.ts", "adapters/{http,client,mcp,acp,daemon,cli}/**/*.ts"],
    format: "esm",
    target: "node22",
    outDir: "dist",
    // One output for each source: no class exists twice, so identity holds between the doors.
    bundle: false,
    sourcemap: true,
    // The other configurations run at the same time and own these folders.
    clean: ["!program/**", "!dashboard/**"],
    removeNodeProtocol: false,
  },
  { ...programFiles, name: "program", entry: others, clean: ["!daemon.cjs"], esbuildPlugins: [requireOnDemand, zodWhenAsked] },
  {
    ...programFiles,
    name: "daemon",
    entry: { daemon },
    esbuildPlugins: [requireOnDemand, importAtOnce, builtinsWhenCalled, noExpressionsInRoutes, zodWhenAsked],
  },
  {
    name: "dashboard",
    silent: true,
    entry: { page: "adapters/dashboard/main.tsx", style: "adapters/dashboard/style.css" },
    format: "esm",
    target: "es2022",
    platform: "browser",
    tsconfig: "adapters/dashboard/tsconfig.json",
    outDir: "dist/dashboard/assets",
    clean: true,
    minify: true,
    splitting: false,
    noExternal: [/./],
    esbuildPlugins: [pageOfAssets],
    esbuildOptions(options) {
      options.entryNames = "[name]-[hash]";
    },
  },
]);
