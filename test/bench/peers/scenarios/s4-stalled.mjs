// 50 readers that take nothing and one that reads: what the server holds for them, and how fast the live one still is.
import { compare } from "../../lib/compare.mjs";
import { besideStalled } from "../../lib/stream-measures.mjs";

import { titleOf } from "../lib/packages.mjs";
import { startA2a, startDurableStreams, startOurs } from "../lib/subjects.mjs";

const events = 5_000;

await rows("durable-streams", startDurableStreams, 20);
await rows("a2a-js", startA2a, 1);

async function rows(name, startPeer, goal) {
  const [memory, live] = [`s4-stalled-memory-${name}`, `s4-stalled-live-${name}`];
  const peer = titleOf(name);
  const measure = async (start) => {
    // A server of its own for each measurement: memory that a former one took is not given back.
    const { program, path } = await start();
    const { growthMb, perSecond } = await besideStalled(program, path, events);
    await program.end();
    return { [memory]: growthMb, [live]: perSecond };
  };
  await compare({
    rows: [
      { id: memory, title: `growth of the server with 50 stalled readers, ${events} events`, peer, unit: "MB", better: "lower", goal: 1 },
      { id: live, title: "rate of the live reader beside them", peer, unit: "events/s", better: "higher", goal },
    ],
    repetitions: 3,
    seconds: 8,
    warmUp: false,
    ours: () => measure(startOurs),
    limit: () => measure(startPeer),
  });
}
