import { createServer } from "node:net";
import { once } from "node:events";
import { compare } from "../../lib/compare.mjs";
import { freshHome, homeEnvironment, programPath, startListening } from "../../lib/daemon-process.mjs";
import { freshPath } from "../../lib/temporary-folder.mjs";
import { titleOf } from "./packages.mjs";

/** Time to come to rest: what a server does after its start is done then. */
const restMs = 600;

/** Prints the rows of start and idle memory; `program` says how a peer is started, each time anew. Each side has one home for all rounds. */
export async function compareStarts({ peer, seconds, startGoal, memoryGoal, program }) {
  const [start, memory] = [`s8-start-${peer}`, `s8-memory-${peer}`];
  const [ourHome, theirHome] = [freshHome(), freshHome()];
  await compare({
    rows: [
      { id: start, title: "start to the first answer", peer: titleOf(peer), unit: "ms", better: "lower", goal: startGoal },
      { id: memory, title: "resident memory when idle", peer: titleOf(peer), unit: "MB", better: "lower", goal: memoryGoal },
    ],
    repetitions: 3,
    seconds,
    ours: () => measure(daemon(), ourHome),
    limit: async () => measure(await program(), theirHome),
  });

  async function measure(settings, home) {
    const running = await startListening({ ...settings, env: homeEnvironment(home) });
    await new Promise((done) => setTimeout(done, restMs));
    const figures = { [start]: running.startMs, [memory]: running.memory() };
    await running.end();
    return figures;
  }
}

function daemon() {
  const socketPath = freshPath("daemon.sock");
  return { args: [programPath(), "daemon", "--addr", socketPath], socketPath };
}

/** A port of the loopback that nothing listens on now. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
