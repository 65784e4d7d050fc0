/**
 * The level table: code imports from its own level and from lower ones only. The list's order is the levels' order.
 * The shape of an operation is types alone and stands low, so that each noun can offer its part of the contract.
 */
const levels = [
  ["0-base", "^lib/(?!index\\.)[^/]+\\.ts$"],
  ["1-streams", "^lib/(events|store)/|^lib/contract/operation\\.ts$"],
  ["2-runs", "^lib/(questions|runs)/"],
  ["3-nouns", "^lib/(?!(?:events|store|questions|runs|mesh|contract|node|agent|acp|redis|testing)/)[^/]+/"],
  ["3-mesh", "^lib/mesh/"],
  ["4-contract", "^lib/(contract/(?!operation\\.)|index\\.ts$)"],
  ["5-rooms", "^lib/(node|agent|acp|redis|testing)/"],
  ["6-adapters", "^adapters/(http|client|mcp|acp|dashboard)/"],
  ["7-program", "^adapters/(cli|daemon|program)/"],
  ["8-outside", "^(examples|test)/"],
];

/** The packages each part of the product may use; whatever no row names may use none. */
const packages = [
  ["base", levels[0][1], "eventemitter3"],
  ["schemas", "^lib/[^/]+/(schema|frames)\\.ts$", "zod"],
  ["runs", "^lib/runs/(?!schema\\.)", "eventemitter3"],
  ["contract", "^lib/contract/(?!rows/|operation\\.)", "zod"],
  ["node", "^lib/node/", "@lydell/node-pty"],
  ["ai-sdk", "^lib/agent/ai-sdk\\.ts$", "ai|@ai-sdk/(anthropic|openai|google|openai-compatible)"],
  ["agent", "^lib/agent/(?!ai-sdk\\.ts$)", "zod|ignore|diff|@modelcontextprotocol/sdk"],
  ["acp", "^lib/acp/(schema|sdk)\\.ts$", "@agentclientprotocol/sdk|zod"],
  ["http", "^adapters/http/", "find-my-way|ws|zod"],
  ["peer-socket", "^adapters/client/peer-socket\\.ts$", "ws"],
  ["mcp", "^adapters/mcp/", "@modelcontextprotocol/sdk|zod"],
  ["acp-door", "^adapters/acp/sdk\\.ts$", "@agentclientprotocol/sdk"],
  ["page", "^adapters/dashboard/", "preact"],
  ["settings", "^adapters/cli/hook-settings/", "diff"],
  ["cli", "^adapters/cli/(?!hook-settings/)", "sade"],
  ["daemon", "^adapters/(daemon/config-schema|program/zod)\\.ts$", "zod"],
];

/** What a marked room or an adapter may take from the core: the front door, the base, the contract, the type file of each plug point and noun, and what the hooks of agents use, which start too often for the whole core. */
const coreDoors =
  "^lib/([^/]+\\.ts$|contract/|[^/]+/(schema|event-payloads)\\.ts$|events/(event|buffer|encode)\\.ts$|store/(store|refusals)\\.ts$|runs/(executor|normal-request)\\.ts$|attachments/blob-store\\.ts$|messages/agent-text\\.ts$|panes/(look-at-pane|paster)\\.ts$)";

/** Where the home folder is, and how a file in it is replaced: everybody asks, and nobody loads the room of processes for it. */
const homeFolder = "^lib/node/(home-folder|private-file)\\.ts$";

const pureCore = "^lib/(?!(node|agent|acp|redis)/)";

export default {
  forbidden: [
    {
      name: "no-cycles",
      comment: "Two files need each other. One holds a thing that belongs to both: move it to a file below them.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "resolvable",
      comment: "The import leads nowhere: a file that moved, or a package that is not installed.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: ["^anode-daemon(/|$)", "program\\.cjs$"] },
    },
    {
      name: "core-is-pure",
      comment: "The core reaches for Node. Ask the Host for it, or put the code behind a plug point in lib/node.",
      severity: "error",
      from: { path: pureCore },
      to: { dependencyTypes: ["core"] },
    },
    ...levels.slice(0, -1).map(([name, path], index) => ({
      name: `level-${name}`,
      comment: "A lower level imports a higher one. Turn the call round: hand the higher part in, or move the shared piece down.",
      severity: "error",
      from: { path },
      to: { path: levels.slice(index + 1).map(([, higher]) => higher) },
    })),
    {
      name: "questions-know-no-runs",
      comment: "The desk serves anyone who asks. Hand it what it needs when it is built.",
      severity: "error",
      from: { path: "^lib/questions/" },
      to: { path: "^lib/runs/" },
    },
    {
      name: "nouns-meet-in-types",
      comment: "A noun uses another's inside. Import its schema.ts, or take its service as a constructor argument, known by its type.",
      severity: "error",
      from: { path: levels[3][1].replace("[^/]+/", "([^/]+)/") },
      to: { path: levels[3][1], pathNot: ["^lib/$1/", "/schema\\.ts$"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "core-through-its-doors",
      comment:
        "A marked room or an adapter uses the inside of the core. Import from lib/index.ts, or make the piece part of a door on purpose.",
      severity: "error",
      from: { path: ["^lib/(node|agent|acp|redis|testing)/", "^adapters/"] },
      to: { path: levels.slice(0, 5).map(([, path]) => path), pathNot: coreDoors },
    },
    {
      name: "rooms-apart",
      comment: "A marked room uses another. Each can be left out of an installation: meet in a plug point of the core.",
      severity: "error",
      from: { path: "^lib/(node|agent|acp|redis|testing)/" },
      // Whoever starts programs does it as the process room does: the agents stand on its door.
      to: { path: "^lib/(node|agent|acp|redis|testing)/", pathNot: ["^lib/$1/", `^lib/node/index\\.ts$|${homeFolder}`] },
    },
    {
      name: "rooms-through-their-doors",
      comment: "An adapter uses the inside of a marked room. Export the piece from the room's index.ts.",
      severity: "error",
      from: { path: "^adapters/" },
      to: { path: "^lib/(node|agent|acp|redis|testing)/", pathNot: `/index\\.ts$|${homeFolder}` },
    },
    {
      name: "adapters-apart",
      comment: "An adapter uses another. Both translate the contract: what they share belongs there.",
      severity: "error",
      from: { path: "^adapters/(http|client|mcp|acp)/" },
      to: { path: "^adapters/", pathNot: "^adapters/$1/" },
    },
    {
      name: "page-beside-the-client",
      comment: "The page knows the client and no other adapter: what it does, it does over the contract.",
      severity: "error",
      from: { path: "^adapters/dashboard/" },
      to: { path: "^adapters/", pathNot: "^adapters/(dashboard|client)/" },
    },
    {
      name: "page-is-a-client",
      comment: "The page runs in a browser: it loads the client's parts that know no Node, and of everything else types.",
      severity: "error",
      from: { path: "^adapters/dashboard/" },
      to: {
        path: "^(lib|adapters)/",
        pathNot: [
          "^adapters/dashboard/",
          "^adapters/client/(carrier|client|run-status|wire)\\.ts$",
          "^lib/(errors|plain-object|thrown)\\.ts$",
        ],
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "adapters-through-their-doors",
      comment: "The program uses the inside of an adapter. Export the piece from the adapter's index.ts.",
      severity: "error",
      from: { path: "^adapters/(cli|daemon|program)/" },
      to: { path: "^adapters/", pathNot: ["^adapters/$1/", "/index\\.ts$"] },
    },
    {
      name: "clients-load-no-schemas",
      comment: "The client and the command line start without zod: schemas are imported as types only, or when they are needed.",
      severity: "error",
      from: { path: "^adapters/(client|cli)/" },
      to: {
        path: ["/schema\\.ts$", "^lib/contract/(schemas/|perform\\.ts$)", "^lib/index\\.ts$"],
        dependencyTypesNot: ["type-only"],
        dynamic: false,
      },
    },
    {
      name: "product-knows-no-test",
      comment: "Shipped code imports a test or an example. What both need belongs to lib/testing.",
      severity: "error",
      from: { path: "^(lib|adapters)/" },
      to: { path: "^(test|examples)/" },
    },
    {
      name: "examples-by-package-name",
      comment: "An example shows what a reader can type: it imports the package by its name.",
      severity: "error",
      from: { path: "^examples/" },
      to: { path: "^(lib|adapters|test)/" },
    },
    {
      name: "declared-dependencies",
      comment: "Shipped code uses a package that an installation does not have. Declare it, or do without.",
      severity: "error",
      // The page is bundled: an installation needs nothing of it.
      from: { path: "^(lib|adapters)/", pathNot: "^adapters/dashboard/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["npm-peer"] },
    },
    ...packages.map(([name, path, allowed]) => ({
      name: `packages-of-${name}`,
      comment: "This part does not use that package. Each dependency has one home: see the table above.",
      severity: "error",
      from: { path },
      to: { path: "^node_modules/", pathNot: `^node_modules/(${allowed})/` },
    })),
    {
      name: "packages-of-none",
      comment: "This part uses no package at all. Each dependency has one home: see the table above.",
      severity: "error",
      from: { path: "^(lib|adapters)/", pathNot: packages.map(([, path]) => path) },
      to: { path: "^node_modules/" },
    },
  ],
  options: {
    doNotFollow: { path: ["^node_modules/", "^dist/"] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "default"] },
  },
};
