import { acquireLock } from "../../lib/node/sqlite/store-lock.js";

// lock-taker <path>: takes the lock and lets go of it, takes it again, and dies as it is.
const [path = ""] = process.argv.slice(2);
acquireLock(path).release();
acquireLock(path).release();
acquireLock(path);
process.kill(process.pid, "SIGKILL");
