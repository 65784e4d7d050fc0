// Says with which code a worker thread is refused the level pidns.
import { parentPort } from "node:worker_threads";
import { isAnodeError } from "../../lib/errors.js";
import { createContainment } from "../../lib/node/process/containment.js";

try {
  await createContainment({ storeId: "worker" }).level("pidns");
  parentPort?.postMessage("granted");
} catch (error) {
  parentPort?.postMessage(isAnodeError(error) ? error.code : String(error));
}
