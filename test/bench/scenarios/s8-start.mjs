// How long a daemon takes from its start to its first answer, and what it holds when idle, against a raw server with one idle worker.
import { resolve } from "node:path";
import { compare } from "../lib/compare.mjs";
import { freshHome, homeEnvironment, programPath, startListening } from "../lib/daemon-process.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

/** Time to come to rest: what a daemon does after its start is done then. */
const restMs = 600;
const pair = resolve(import.meta.dirname, "../limits/start-pair.cjs");
// One home and one file for all rounds: the first, which does not count, makes them.
const home = freshHome();
const storePath = freshPath("raw.db");

await compare({
  rows: [
    {
      id: "s8-start",
      title: "start of the daemon to its first answer, against a raw server + one idle worker with SQLite",
      unit: "ms",
      better: "lower",
      goal: 1.25,
    },
    { id: "s8-memory", title: "resident memory of the idle daemon, against the same pair", unit: "MB", better: "lower", goal: 1.15 },
  ],
  repetitions: 7,
  seconds: 12,
  ours: () => {
    const socketPath = freshPath("daemon.sock");
    return measure({ args: [programPath(), "daemon", "--addr", socketPath], env: homeEnvironment(home), socketPath });
  },
  limit: () => {
    const socketPath = freshPath("raw.sock");
    return measure({ args: [pair, socketPath, storePath], env: homeEnvironment(home), socketPath });
  },
});

async function measure(program) {
  const running = await startListening(program);
  await new Promise((done) => setTimeout(done, restMs));
  const memory = running.memory();
  await running.end();
  return { "s8-start": running.startMs, "s8-memory": memory };
}
