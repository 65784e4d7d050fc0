import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, string | { types: string; default: string }>;
};
const doors = Object.keys(manifest.exports)
  .filter((door) => door !== "./package.json")
  .map((door) => door.replace(".", "anode-daemon"));

let folder = "";
let files: readonly string[] = [];

beforeAll(() => {
  if (!existsSync(join(root, "dist/program"))) throw new Error("dist is missing: npm run build makes what these tests judge.");
  folder = mkdtempSync(join(tmpdir(), "anode-pack-"));
  const packing = run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], root);
  const [packed] = JSON.parse(packing) as [{ filename: string; files: { path: string }[] }];
  files = packed.files.map((file) => file.path).sort();
  write("package.json", JSON.stringify({ name: "consumer", private: true, type: "module" }));
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", join(folder, packed.filename)], folder);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: readonly string[], cwd = folder): string {
  return execFileSync(command, args, { cwd, encoding: "utf8", env: { ...process.env, ANODE_HOME: join(folder, "home") } });
}

/** Runs a module in the consumer's folder and gives what it printed. */
function evaluate(code: string): string {
  return run(process.execPath, ["--no-warnings", "--input-type=module", "--eval", code]).trim();
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** Puts an optional package beside the installed one, as a consumer would by installing it. */
function lend(name: string): void {
  const link = join(folder, "node_modules", name);
  mkdirSync(dirname(link), { recursive: true });
  if (!existsSync(link)) symlinkSync(join(root, "node_modules", name), link);
}

describe("The packed files", () => {
  it("are one module, map and declaration for each source, the program, the dashboard, and what README.md leads to", () => {
    const sources = globSync(["lib/**/*.ts", "adapters/{http,client,mcp,acp,daemon,cli}/**/*.ts"], { cwd: root });
    const built = sources.flatMap((source) => [".js", ".js.map", ".d.ts"].map((ending) => `dist/${source.replace(/\.ts$/, ending)}`));
    const program = [
      "acp",
      "agent",
      "anode",
      "daemon",
      "doctor",
      "foreign-agents",
      "hook-ws",
      "mcp",
      "openapi",
      "peer-socket",
      "program",
      "sqlite-worker",
      "web-socket-server",
      "zod",
    ].map((name) => `dist/program/${name}.cjs`);
    // Named by their content.
    const page = ["page", "style"].map((name) => files.find((file) => file.startsWith(`dist/dashboard/assets/${name}-`)) ?? name);
    expect(page).toEqual([expect.stringMatching(/-[A-Z0-9]{8}\.js$/), expect.stringMatching(/-[A-Z0-9]{8}\.css$/)]);
    const papers = globSync(["*.md", "docs/*.md", "examples/**/*.{mjs,sh}"], { cwd: root });
    expect(files).toEqual([...built, ...program, ...page, ...papers, "dist/dashboard/index.html", "LICENSE", "package.json"].sort());
  });

  it("hold whatever their pages link to", () => {
    const pages = files.filter((file) => file.endsWith(".md"));
    const targets = pages.flatMap((page) =>
      [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)#:]+)\)/g)].map(([, target = ""]) => join(dirname(page), target)),
    );
    expect(targets.length).toBeGreaterThan(20);
    expect(targets.filter((target) => !files.some((file) => file === target || file.startsWith(`${target}/`)))).toEqual([]);
  });

  it("hold every file of the exports map", () => {
    const targets = Object.values(manifest.exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)));
    expect(targets.filter((target) => !files.includes(target.replace("./", "")))).toEqual([]);
  });

  it("hold no door that the exports map leaves out", () => {
    const built = files.filter((file) =>
      /^dist\/(lib|lib\/(node|agent|acp|redis|testing)|adapters\/(http|client|mcp))\/index\.js$/.test(file),
    );
    const exported = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === "string" ? [] : [entry.default.replace("./", "")],
    );
    expect(built).toEqual(exported.sort());
  });
});

describe("The installed package", () => {
  it("brings no optional peer along", () => {
    const peers = ["@agentclientprotocol", "@modelcontextprotocol", "@lydell", "ai", "@ai-sdk"];
    expect(peers.filter((name) => existsSync(join(folder, "node_modules", name)))).toEqual([]);
  });

  it.for(doors)("imports as %s", (door) => {
    if (door === "anode-daemon/mcp") lend("@modelcontextprotocol/sdk");
    expect(Number(evaluate(`console.log(Object.keys(await import("${door}")).length)`))).toBeGreaterThan(0);
  });

  it("loads by require() too", () => {
    expect(
      evaluate('import { createRequire } from "node:module"; console.log(typeof createRequire(import.meta.url)("anode-daemon"))'),
    ).toBe("object");
  });

  it("opens a durable store from the text of an --eval too", () => {
    const path = JSON.stringify(join(folder, "eval.db"));
    const opened = `import { openSqliteStore } from "anode-daemon/node"; await (await openSqliteStore({ path: ${path} })).close(); console.log("closed")`;
    expect(evaluate(opened)).toBe("closed");
  });

  it("loads no module of Node behind its root door", () => {
    const urls = evaluate(`
      import { registerHooks } from "node:module";
      const urls = [];
      registerHooks({ resolve(specifier, context, next) { const found = next(specifier, context); urls.push(found.url); return found; } });
      await import("anode-daemon");
      console.log(JSON.stringify(urls));
    `);
    const loaded = JSON.parse(urls) as string[];
    expect(loaded.some((url) => url.endsWith("/anode-daemon/dist/lib/index.js"))).toBe(true);
    expect(loaded.filter((url) => url.startsWith("node:"))).toEqual([]);
  });

  it("type-checks in a strict consumer that checks libraries", () => {
    for (const name of ["@types/node", "undici-types", "@modelcontextprotocol/sdk", "@agentclientprotocol/sdk"]) lend(name);
    write("consumer.ts", doors.map((door, index) => `export * as door${index} from "${door}";`).join("\n"));
    write(
      "tsconfig.json",
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          skipLibCheck: false,
          target: "ES2023",
          lib: ["ES2023"],
          module: "nodenext",
          types: ["node"],
        },
        files: ["consumer.ts"],
      }),
    );
    const { stdout } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "--project", "."], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stdout).toBe("");
  });

  it.for(["anode", "anode-daemon"])("brings the command %s, which explains itself", (name) => {
    expect(run(join(folder, "node_modules/.bin", name), ["--help"])).toContain("anode");
  });
});
