import { defineConfig } from "vitest/config";

const include = (folder: string): string[] => [`test/${folder}/**/*.test.ts`];

// Nobody may change what all objects have in common.
const frozen = { setupFiles: ["test/support/frozen-prototypes.ts"] };

// What waits for processes leaves a core to the next file.
const onAllCores = { maxWorkers: "100%" };

// These count milliseconds, or measure what a process takes: one after the other, when all else is done.
const counted = [
  ...["acp-agent", "daemon-crash", "daemon-crash-history", "daemon-shutdown", "daemon-soak", "daemon-under-fault"],
  ...["door-bombs", "door-load", "door-overload", "door-slow", "manager-overload", "peer-socket"],
  ...["process-deaths", "process-leftovers", "process-output", "process-timeouts", "process-trees", "process-truth"],
  ...["regex", "store-full-disk", "store-slow-disk", "stream-cursors", "stream-stalled"],
].map((name) => `test/fault/${name}.test.ts`);

// The long form takes what it takes.
const fault = { testTimeout: process.env["ANODE_TEST_LONG"] ? 14_400_000 : 120_000, hookTimeout: 30_000 };

// On a busy machine what takes a moment may take seconds.
const quick = { maxWorkers: "100%", testTimeout: 20_000, sequence: { groupOrder: 0 } };

export default defineConfig({
  test: {
    // Projects with a later order wait for the earlier ones: what kills processes or counts milliseconds has the machine to itself.
    projects: [
      // Unit tests leave nothing behind, so their files share what they have loaded: half of the time went into loading.
      { extends: true, test: { name: "unit", include: include("unit"), isolate: false, ...quick, ...frozen } },
      // Single parts with real processes, files and databases: no slower than they are, but slower than a unit.
      { extends: true, test: { name: "parts", include: include("parts"), isolate: false, ...quick } },
      { extends: true, test: { name: "conformance", include: include("conformance"), ...quick, ...frozen } },
      // Proofs of proofs: each must fail over a part with its bug put back.
      { extends: true, test: { name: "meta", include: include("meta"), ...quick, testTimeout: 30_000 } },
      {
        extends: true,
        test: { name: "package", include: include("package"), testTimeout: 120_000, hookTimeout: 120_000, sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: include("e2e"),
          testTimeout: 60_000,
          hookTimeout: 60_000,
          ...onAllCores,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: "agents",
          include: include("agents"),
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: { name: "fault", include: include("fault"), exclude: counted, ...fault, ...onAllCores, sequence: { groupOrder: 4 } },
      },
      {
        extends: true,
        test: { name: "fault-counted", include: counted, ...fault, fileParallelism: false, sequence: { groupOrder: 5 } },
      },
    ],
    coverage: { provider: "v8", include: ["lib/**/*.ts", "adapters/**/*.ts"], reportsDirectory: "coverage" },
  },
});
