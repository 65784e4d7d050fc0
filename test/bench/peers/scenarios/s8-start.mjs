// How long the daemon takes from its start to its first answer, and what it holds when idle, against servers on Node.
import { resolve } from "node:path";
import { freshPath } from "../../lib/temporary-folder.mjs";
import { installed } from "../lib/packages.mjs";
import { compareStarts } from "../lib/start-rows.mjs";

// It has no health: that it knows no such stream is an answer too.
await compareStarts({
  peer: "durable-streams",
  seconds: 5,
  startGoal: 1,
  memoryGoal: 1,
  program: () => ({ ...onNode("durable-streams"), status: 404 }),
});
await compareStarts({ peer: "a2a-js", seconds: 5, startGoal: 1, memoryGoal: 1, program: () => onNode("a2a-js") });

function onNode(peer) {
  const socketPath = freshPath(`${peer}.sock`);
  return { args: [resolve(import.meta.dirname, `../servers/${peer}-start.cjs`), installed(peer), socketPath], socketPath };
}
