// Events over SSE to 1, 10 and 100 readers: processor time of the server for each delivered event, at equal counts of events.
import { compare } from "../../lib/compare.mjs";
import { cpuPerDelivery } from "../../lib/stream-measures.mjs";
import { startA2a, startDurableStreams, startOurs } from "../lib/subjects.mjs";

const eventsFor = { 1: 5_000, 10: 5_000, 100: 1_000 };

await rows("durable-streams", startDurableStreams, 1 / 5);
await rows("a2a", startA2a, 1 / 10);

async function rows(name, startPeer, goal) {
  const theirs = await startPeer();
  const ours = await startOurs();
  for (const [readers, events] of Object.entries(eventsFor)) {
    const id = `s4-delivery-${readers}-${name}`;
    const measure = async ({ program, path }) => ({ [id]: await cpuPerDelivery(program, path, Number(readers), events) });
    await compare({
      rows: [
        {
          id,
          title: `server's processor time for a delivered event, ${readers} readers`,
          peer: theirs.peer,
          unit: "µs/event",
          better: "lower",
          goal,
        },
      ],
      repetitions: 3,
      seconds: 2.5,
      ours: () => measure(ours),
      limit: () => measure(theirs),
    });
  }
  await ours.program.end();
  await theirs.program.end();
}
