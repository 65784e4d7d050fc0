// The least that a daemon with a store can be: a raw CommonJS server and one idle worker that has a SQLite file open.
// `start-pair.cjs <socket> <file>`; the worker begins first and the server listens when the file is open.
const { isMainThread, parentPort, Worker, workerData } = require("node:worker_threads");

if (isMainThread) {
  const [, , socketPath, storePath] = process.argv;
  const worker = new Worker(__filename, { workerData: storePath });
  const server = require("node:http").createServer((request, response) => response.end('{"status":"ok"}'));
  worker.once("message", () => server.listen(socketPath));
  process.once("SIGTERM", () => process.exit());
} else {
  const { DatabaseSync } = require("node:sqlite");
  const database = new DatabaseSync(workerData);
  database.exec("PRAGMA journal_mode=WAL; CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, json TEXT)");
  parentPort.on("message", () => database.close());
  parentPort.postMessage("open");
}
