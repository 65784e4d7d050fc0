// What a run of a program costs beside the bare start of its process, and output against the counting of its bytes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { compare } from "../lib/compare.mjs";
import { core, part } from "../lib/product.mjs";

const runs = 160;
const atOnce = 8;
const outputBytes = 100_000_000;
const talkative = [
  "/bin/sh",
  "-c",
  `yes 'a line of output as a build writes it, with a path/to/a/file.ts and a number: 12345678' | head -c ${outputBytes}`,
];

await measureRuns("s7-true", "runs of /bin/true at the level that the host gives, against bare spawn with 3 pipes", "auto");
await measureRuns("s7-true-group", "the same at the level group+cookie", "group+cookie");
await compare({
  rows: [{ id: "s7-output", title: "100 MB of output as events, against counting its bytes", unit: "MB/s", better: "higher", goal: 0.28 }],
  repetitions: 5,
  seconds: 6,
  ours: async () => ({ "s7-output": outputBytes / 1e6 / (await outputSeconds()) }),
  limit: async () => ({ "s7-output": outputBytes / 1e6 / (await countSeconds()) }),
});

async function measureRuns(id, title, level) {
  await compare({
    rows: [{ id, title, unit: "runs/s", better: "higher", goal: 0.6 }],
    seconds: 4,
    ours: async () => ({ [id]: await runRate(level) }),
    limit: async () => ({ [id]: await spawnRate() }),
  });
}

async function runRate(level) {
  const manager = await openManager(level);
  // The levels are tried once, with children of their own.
  await runOf(manager, ["/bin/true"]);
  const perSecond = await rate(() => runOf(manager, ["/bin/true"]));
  await manager.close();
  return perSecond;
}

function spawnRate() {
  return rate(async () => {
    const child = spawn("/bin/true", [], { stdio: "pipe", detached: true });
    child.stdin.end();
    await once(child, "close");
  });
}

async function outputSeconds() {
  const manager = await openManager("auto");
  await runOf(manager, ["/bin/true"]);
  const startedAt = performance.now();
  await runOf(manager, talkative);
  const seconds = (performance.now() - startedAt) / 1000;
  await manager.close();
  return seconds;
}

async function countSeconds() {
  const startedAt = performance.now();
  const [file, ...args] = talkative;
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "ignore"] });
  let bytes = 0;
  child.stdout.on("data", (chunk) => (bytes += chunk.length));
  await once(child, "close");
  if (bytes !== outputBytes) throw new Error(`the program wrote ${bytes} bytes`);
  return (performance.now() - startedAt) / 1000;
}

async function openManager(level) {
  const { RunManager, systemHost } = await core();
  const { createProcessExecutor } = await part("lib/node/index.js");
  const manager = new RunManager({
    executors: { process: createProcessExecutor({ host: systemHost, level }) },
    profiles: { craft: { executor: "process" } },
    concurrency: atOnce,
    queueLimit: runs,
  });
  await manager.open();
  return manager;
}

async function runOf(manager, argv) {
  const run = await manager.start({ argv });
  const { status, error } = await run.done();
  if (status !== "completed") throw new Error(`a run ended as ${status}: ${error}`);
}

/** Rate of `runs` calls, some at once. */
async function rate(work) {
  let left = runs;
  const startedAt = performance.now();
  const lane = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return runs / ((performance.now() - startedAt) / 1000);
}
