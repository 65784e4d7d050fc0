// Starting work over HTTP in memory: 64 keep-alive connections on a Unix socket, 200 bytes of text each.
import { compare } from "../../lib/compare.mjs";
import { startA2a, startDurableStreams, startOurs } from "../lib/subjects.mjs";
import { appendRequest, measureStarts, sendRequest, streamOf } from "../lib/start-requests.mjs";
import { startRequest } from "../../lib/start-request.mjs";

// What appends one event is held against a start that is accepted and waits; what runs to its end against the whole run.
await row("durable-streams", { paused: true, queueLimit: 1_000_000 }, startDurableStreams, 0.5);
await row("a2a", { queueLimit: 100_000 }, startA2a, 1 / 8);

async function row(name, manager, startPeer, goal) {
  const [cpu, pace] = [`s3-cpu-${name}`, `s3-rate-${name}`];
  const toFigures = ({ cpuMicros, perSecond }) => ({ [cpu]: cpuMicros, [pace]: perSecond });
  const theirs = await startPeer();
  const ours = await startOurs({ manager });
  const request = name === "a2a" ? sendRequest : appendRequest(await streamOf(theirs));
  await compare({
    rows: [
      { id: cpu, title: "processor time of a start", peer: theirs.peer, unit: "µs/request", better: "lower", goal },
      { id: pace, title: "starts a second", peer: theirs.peer, unit: "requests/s", better: "higher", goal: 1 },
    ],
    seconds: 6,
    ours: async () => toFigures(await measureStarts(ours, 4_000, startRequest)),
    limit: async () => toFigures(await measureStarts(theirs, 2_000, request)),
  });
  await ours.program.end();
  await theirs.program.end();
}
