// Starting work over HTTP, each acknowledged after it is on the disk.
import { compare } from "../../lib/compare.mjs";
import { startRequest } from "../../lib/start-request.mjs";
import { freshPath } from "../../lib/temporary-folder.mjs";
import { appendRequest, measureStarts, streamOf } from "../lib/start-requests.mjs";
import { startDurableStreams, startOurs } from "../lib/subjects.mjs";

const theirs = await startDurableStreams({ onDisk: true });
const ours = await startOurs({ storePath: freshPath("store.db"), manager: { paused: true, queueLimit: 1_000_000 } });
const request = appendRequest(await streamOf(theirs));
const toFigures = ({ cpuMicros, perSecond }) => ({ "s3-durable-cpu": cpuMicros, "s3-durable-rate": perSecond });

await compare({
  rows: [
    { id: "s3-durable-rate", title: "durable starts a second", peer: theirs.peer, unit: "requests/s", better: "higher", goal: 25 },
    { id: "s3-durable-cpu", title: "processor time of one", peer: theirs.peer, unit: "µs/request", better: "lower", goal: 1 },
  ],
  seconds: 8,
  ours: async () => toFigures(await measureStarts(ours, 2_000, startRequest)),
  limit: async () => toFigures(await measureStarts(theirs, 400, request)),
});
await ours.program.end();
await theirs.program.end();
