// `durable-streams-start.cjs <folder> <socket>`: the server alone, as fast as it starts.
const [, , folder, socketPath] = process.argv;
const { DurableStreamTestServer } = require(require.resolve("@durable-streams/server", { paths: [folder] }));
void new DurableStreamTestServer({ port: socketPath }).start();
