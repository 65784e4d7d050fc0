// Durable Streams' server on a Unix socket, in memory or, with `dataFolder`, on disk.
import { serve, startOptions } from "../../lib/program.mjs";
import { requireFrom } from "../lib/packages.mjs";

const { folder, socketPath, dataFolder } = startOptions();
const { DurableStreamTestServer } = requireFrom(folder, "@durable-streams/server");
// It hands its port to `listen` as it is, which takes a path as well.
await new DurableStreamTestServer({ port: socketPath, ...(dataFolder !== undefined && { dataDir: dataFolder }) }).start();
serve({});
