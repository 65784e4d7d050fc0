// Time from an event's making to its arrival at a reader, at 1,000 events a second.
import { compare } from "../../lib/compare.mjs";
import { percentile } from "../../lib/statistics.mjs";
import { delaysMs } from "../../lib/stream-measures.mjs";
import { startA2a, startDurableStreams, startOurs } from "../lib/subjects.mjs";

const ours = await startOurs();
await rows("durable-streams", startDurableStreams);
await rows("a2a", startA2a);
await ours.program.end();

async function rows(name, startPeer) {
  const theirs = await startPeer();
  const [p50, p99] = [`s4-latency-p50-${name}`, `s4-latency-p99-${name}`];
  const measure = async ({ program, path }) => {
    const delays = await delaysMs(program, path, 1);
    return { [p50]: percentile(delays, 0.5), [p99]: percentile(delays, 0.99) };
  };
  const about = { peer: theirs.peer, unit: "ms", better: "lower", goal: 1 };
  await compare({
    rows: [
      { id: p50, title: "p50 of emit → receive at 1,000 events/s, 1 reader", ...about },
      { id: p99, title: "p99 of the same", ...about },
    ],
    repetitions: 3,
    seconds: 6,
    ours: () => measure(ours),
    limit: () => measure(theirs),
  });
  await theirs.program.end();
}
