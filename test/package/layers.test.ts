import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const cruiser = join(root, "node_modules/.bin/depcruise");

interface Cruise {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly to: string; readonly rule: { readonly name: string } }[];
  };
}

/** One forbidden import for each rule: the file, the rule, what the file imports. Everything imported exists. */
const planted: readonly (readonly [file: string, rule: string, target: string])[] = [
  ["lib/core.ts", "core-is-pure", "node:fs"],
  ["lib/testing/core.ts", "core-is-pure", "node:fs"],
  ["lib/unresolved.ts", "resolvable", "./no-such-file.js"],
  ["lib/cycle.ts", "no-cycles", "./later.js"],
  ["lib/base.ts", "level-0-base", "./events/event.js"],
  ["lib/contract/operation.ts", "level-1-streams", "../runs/schema.js"],
  ["lib/events/upward.ts", "level-1-streams", "../runs/schema.js"],
  ["lib/runs/upward.ts", "level-2-runs", "../jobs/schema.js"],
  ["lib/jobs/upward.ts", "level-3-nouns", "../contract/perform.js"],
  ["lib/mesh/upward.ts", "level-3-mesh", "../contract/perform.js"],
  ["lib/contract/upward.ts", "level-4-contract", "../node/index.js"],
  ["lib/index.ts", "level-4-contract", "./node/index.js"],
  ["lib/node/upward.ts", "level-5-rooms", "../../adapters/http/index.js"],
  ["adapters/http/upward.ts", "level-6-adapters", "../daemon/index.js"],
  ["adapters/daemon/upward.ts", "level-7-program", "../../test/support/helper.js"],
  ["lib/questions/desk.ts", "questions-know-no-runs", "../runs/schema.js"],
  ["lib/jobs/service.ts", "nouns-meet-in-types", "../schedules/service.js"],
  ["lib/node/inside.ts", "core-through-its-doors", "../runs/manager.js"],
  ["adapters/http/inside.ts", "core-through-its-doors", "../../lib/runs/manager.js"],
  ["lib/node/testing.ts", "rooms-apart", "../testing/index.js"],
  ["lib/acp/inside.ts", "rooms-apart", "../node/inner.js"],
  ["adapters/http/room.ts", "rooms-through-their-doors", "../../lib/node/inner.js"],
  ["adapters/http/client.ts", "adapters-apart", "../client/index.js"],
  ["adapters/dashboard/http.ts", "page-beside-the-client", "../http/index.js"],
  ["adapters/dashboard/node-client.ts", "page-is-a-client", "../client/index.js"],
  ["adapters/dashboard/schemas.ts", "page-is-a-client", "../../lib/runs/schema.js"],
  ["adapters/dashboard/parts/queue.tsx", "packages-of-page", "p-queue"],
  ["adapters/daemon/inside.ts", "adapters-through-their-doors", "../http/inner.js"],
  ["adapters/client/schemas.ts", "clients-load-no-schemas", "../../lib/runs/schema.js"],
  ["adapters/http/test.ts", "product-knows-no-test", "../../test/support/helper.js"],
  ["examples/embed.ts", "examples-by-package-name", "../lib/store/store.js"],
  ["lib/node/undeclared.ts", "declared-dependencies", "left-pad"],
  ["lib/node/development.ts", "declared-dependencies", "vitest"],
  ["lib/host.ts", "packages-of-base", "zod"],
  ["lib/events/schema.ts", "packages-of-schemas", "p-queue"],
  ["lib/runs/queue.ts", "packages-of-runs", "zod"],
  ["lib/contract/perform.ts", "packages-of-contract", "p-queue"],
  ["lib/contract/rows/runs.ts", "packages-of-none", "zod"],
  ["lib/node/zod.ts", "packages-of-node", "zod"],
  ["lib/agent/ai-sdk.ts", "packages-of-ai-sdk", "p-queue"],
  ["lib/agent/loop.ts", "packages-of-agent", "p-queue"],
  ["lib/acp/sdk.ts", "packages-of-acp", "p-queue"],
  ["lib/acp/launch.ts", "packages-of-none", "zod"],
  ["adapters/http/queue.ts", "packages-of-http", "p-queue"],
  ["adapters/mcp/queue.ts", "packages-of-mcp", "p-queue"],
  ["adapters/client/peer-socket.ts", "packages-of-peer-socket", "p-queue"],
  ["adapters/cli/hook-settings/file.ts", "packages-of-settings", "p-queue"],
  ["adapters/acp/sdk.ts", "packages-of-acp-door", "p-queue"],
  ["adapters/acp/client.ts", "adapters-apart", "../client/index.js"],
  ["adapters/cli/queue.ts", "packages-of-cli", "p-queue"],
  ["adapters/daemon/config-schema.ts", "packages-of-daemon", "p-queue"],
  ["lib/store/zod.ts", "packages-of-none", "zod"],
];

/** What the planted files import, and imports that look like violations and are none. */
const allowed: Readonly<Record<string, string>> = {
  "lib/later.ts": 'import "./cycle.js";',
  "lib/events/event.ts": "",
  "lib/store/store.ts": 'import "../host.js";',
  "lib/runs/schema.ts": 'import "zod"; import "../events/event.js";',
  "lib/runs/manager.ts": 'import "eventemitter3"; import "../questions/judge.js"; import "../contract/operation.js";',
  "lib/questions/judge.ts": "",
  "lib/jobs/schema.ts": 'import "zod";',
  "lib/schedules/service.ts": 'import "../jobs/schema.js"; import type { S } from "../jobs/other.js"; export type T = S;',
  "lib/jobs/other.ts": "export type S = string;",
  "lib/mesh/mesh.ts": 'import "../jobs/other.js";',

  "lib/node/index.ts": 'import "node:fs"; import "../index.js"; import "../store/store.js";',
  "lib/node/inner.ts": "",
  "lib/node/home-folder.ts": 'import "node:os";',
  "lib/testing/index.ts": 'import "../index.js";',
  "lib/acp/index.ts": 'import "../index.js"; import "../node/index.js"; import "../node/home-folder.js";',
  "adapters/http/index.ts": 'import "find-my-way"; import "../../lib/index.js"; import "../../lib/contract/operation.js";',
  "adapters/http/inner.ts": "",
  "adapters/client/index.ts": 'import type { Run } from "../../lib/runs/schema.js"; export type R = Run;',
  "adapters/dashboard/page.tsx":
    'import "preact"; import "../client/client.js"; import type { R } from "../client/index.js"; export type Q = R;',
  "adapters/client/client.ts": "",
  "adapters/daemon/index.ts": 'import "../http/index.js"; import "../../lib/node/index.js"; import "../../lib/node/home-folder.js";',
  "test/support/helper.ts": 'import "../../lib/runs/manager.js";',
};

const packages = ["zod", "p-queue", "eventemitter3", "find-my-way", "left-pad", "vitest", "preact"];

function cruise(folder: string): Cruise {
  const { stdout } = spawnSync(
    process.execPath,
    [cruiser, "--config", ".dependency-cruiser.mjs", "--output-type", "json", "lib", "adapters", "examples", "test"],
    { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 26 },
  );
  return JSON.parse(stdout) as Cruise;
}

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function plant(): string {
  const folder = mkdtempSync(join(tmpdir(), "anode-layers-"));
  for (const file of [".dependency-cruiser.mjs", "package.json", "tsconfig.json"]) cpSync(join(root, file), join(folder, file));
  for (const name of packages) {
    write(folder, `node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", main: "index.js" }));
    write(folder, `node_modules/${name}/index.js`, "");
  }
  for (const [path, text] of Object.entries(allowed)) write(folder, path, `${text}\nexport {};\n`);
  for (const [path, , target] of planted) write(folder, path, `import "${target}";\nexport {};\n`);
  return folder;
}

describe("The layer rules", () => {
  let folder = "";
  let violations: Cruise["summary"]["violations"] = [];

  beforeAll(() => {
    folder = plant();
    violations = cruise(folder).summary.violations;
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.for(planted)("refuse in %s by %s", ([file, rule]) => {
    const names = violations.filter((violation) => violation.from === file).map((violation) => violation.rule.name);
    expect(names).toContain(rule);
  });

  it("accuse no file that keeps them", () => {
    const accused = violations.filter(({ from }) => from in allowed);
    expect(accused).toEqual([]);
  });

  it("are all planted against", () => {
    const text = execFileSync(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        'import config from "./.dependency-cruiser.mjs"; console.log(JSON.stringify(config.forbidden.map((rule) => rule.name)));',
      ],
      { cwd: root, encoding: "utf8" },
    );
    expect(new Set(planted.map(([, rule]) => rule))).toEqual(new Set(JSON.parse(text) as string[]));
  });
});

describe("The product's own imports", () => {
  let own: Cruise;

  beforeAll(() => {
    own = cruise(root);
  });

  it("keep every rule", () => {
    expect(own.summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
  });

  it("are all read: as many modules as there are source files", () => {
    const sources = globSync(["lib/**/*.ts", "adapters/**/*.{ts,cts,tsx}"], { cwd: root });
    const read = own.modules.map((module) => module.source).filter((source) => /^(lib|adapters)\//.test(source));
    expect(sources.length).toBeGreaterThan(30);
    expect(read.sort()).toEqual(sources.sort());
  });
});
