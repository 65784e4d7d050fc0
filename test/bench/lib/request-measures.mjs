import { sendAll } from "./load-client.mjs";

/** Microseconds of the server for each of so many requests, and how many it answered a second. */
export async function measureRequests(program, load) {
  const before = await program.call("cpu");
  const { perSecond } = await sendAll(load);
  return { cpuMicros: ((await program.call("cpu")) - before) / load.requests, perSecond };
}
