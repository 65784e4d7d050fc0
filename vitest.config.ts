import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { longestFirst } from "./test/support/file-order.js";

const include = (folder: string): string[] => [`test/${folder}/**/*.test.ts`];

// Nobody may change what all objects have in common.
const frozen = { setupFiles: ["test/support/frozen-prototypes.ts"] };

const cores = availableParallelism();

// What mostly waits, for processes, browsers and agents: four at once on two cores. (A percentage would never be more than the cores.)
const waiting = { maxWorkers: 2 * cores, sequence: { groupOrder: 1 } };

// Ten seconds and more, by turns those that wait and those that compute.
const longest = [
  ...["opencode", "daemon-under-fault", "opencode-in-pane", "hooks-requirements", "daemon-crash", "store-power-loss"],
  ...["store-syscalls", "codex", "gemini-in-pane", "approval-hook", "dashboard-runs", "claude-in-pane", "documents", "store-kill"],
  ...["agent-cli", "codex-in-pane", "dashboard-mesh", "stream-stalled", "claude", "store-slow-disk", "dashboard-safety", "browser"],
  ...["daemon-crash-race", "gemini", "acp-agent", "dashboard-session", "store-size", "mesh-cli", "cli-requirements", "pack"],
  ...["agent-hooks", "daemon-syscalls", "acp-door", "daemon-crash-keys", "agent-showcase", "daemon", "regex"],
  ...["daemon-shutdown", "door-load", "daemon-soak", "process-trees", "process-timeouts"],
];

// These hold a part to a time that many neighbors would break: one beside each core, when all else is done.
const counted = [
  ...["daemon-crash-history", "daemon-shutdown", "daemon-soak", "door-bombs", "door-load", "door-overload"],
  ...["process-deaths", "process-leftovers", "process-output", "process-timeouts", "process-trees", "stream-cursors"],
].map((name) => `test/fault/${name}.test.ts`);

// The long form takes what it takes.
const fault = { testTimeout: process.env["ANODE_TEST_LONG"] ? 14_400_000 : 120_000, hookTimeout: 120_000 };

// On a busy machine what takes a moment may take seconds.
const quick = { testTimeout: 20_000 };
const slow = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    // For the same reason: what is looked for again and again has longer than the second of the default.
    expect: { poll: { timeout: 15_000 } },
    sequence: { sequencer: longestFirst(longest) },
    // Projects with a later order wait for the earlier ones: first what takes seconds, last what counts milliseconds.
    projects: [
      // Unit tests leave nothing behind, so their files share what they have loaded: half of the time went into loading.
      {
        extends: true,
        test: {
          name: "unit",
          include: include("unit"),
          isolate: false,
          maxWorkers: "100%",
          ...quick,
          ...frozen,
          sequence: { groupOrder: 0 },
        },
      },
      // Single parts with real processes, files and databases: no slower than they are, but slower than a unit.
      { extends: true, test: { name: "parts", include: include("parts"), isolate: false, ...quick, ...waiting } },
      { extends: true, test: { name: "conformance", include: include("conformance"), ...quick, ...waiting, ...frozen } },
      // Proofs of proofs: each must fail over a part with its bug put back.
      { extends: true, test: { name: "meta", include: include("meta"), ...waiting, testTimeout: 30_000 } },
      { extends: true, test: { name: "package", include: include("package"), testTimeout: 120_000, hookTimeout: 120_000, ...waiting } },
      { extends: true, test: { name: "e2e", include: include("e2e"), ...slow, ...waiting } },
      { extends: true, test: { name: "agents", include: include("agents"), ...slow, testTimeout: 120_000, ...waiting } },
      { extends: true, test: { name: "fault", include: include("fault"), exclude: counted, ...fault, ...waiting } },
      {
        extends: true,
        test: { name: "fault-counted", include: counted, ...fault, maxWorkers: cores, sequence: { groupOrder: 2 } },
      },
    ],
    coverage: { provider: "v8", include: ["lib/**/*.ts", "adapters/**/*.ts"], reportsDirectory: "coverage" },
  },
});
