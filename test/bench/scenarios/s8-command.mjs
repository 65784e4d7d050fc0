// `anode runs list` as a person or a script calls it, against one line of node:http.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { compare } from "../lib/compare.mjs";
import { freshHome, homeEnvironment, programPath, startListening } from "../lib/daemon-process.mjs";
import { freshPath } from "../lib/temporary-folder.mjs";

const callsPerRound = 8;
const socketPath = freshPath("daemon.sock");
const env = homeEnvironment(freshHome());
const oneLine = `require("node:http").get({socketPath:${JSON.stringify(socketPath)},path:"/runs?limit=100"},(answer)=>answer.pipe(process.stdout))`;
const daemon = await startListening({ args: [programPath(), "daemon", "--addr", socketPath], env, socketPath });

await compare({
  rows: [{ id: "s8-runs-list", title: "`anode runs list` against one line of node:http", unit: "ms", better: "lower", goal: 1.12 }],
  repetitions: 9,
  seconds: 12,
  ours: async () => ({ "s8-runs-list": await callTime([programPath(), "runs", "list"]) }),
  limit: async () => ({ "s8-runs-list": await callTime(["-e", oneLine]) }),
});
await daemon.end();

/** The fastest of some calls: what is above it is the machine's. */
async function callTime(args) {
  let best = Infinity;
  for (let call = 0; call < callsPerRound; call += 1) best = Math.min(best, await timeOf(args));
  return best;
}

async function timeOf(args) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return performance.now() - startedAt;
}
