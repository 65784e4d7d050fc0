import { fork } from "node:child_process";
import { once } from "node:events";

/** Starts a program that {@link serve}s and waits until it is ready. It ends with this one, whatever happens. */
export async function startProgram(file, options = {}) {
  const child = fork(new URL(file, new URL("../", import.meta.url)), [JSON.stringify(options)], {
    serialization: "advanced",
    // What a program says is no row.
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const waiting = new Map();
  let nextId = 1;
  child.on("message", ({ id, output, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(output);
    else reject(new Error(`${file}: ${error}`));
  });
  child.once("exit", (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended with ${signal ?? code} before it answered`));
  });

  function call(name, input) {
    const { promise, resolve, reject } = Promise.withResolvers();
    waiting.set(nextId, { resolve, reject });
    child.send({ id: nextId++, name, input });
    return promise;
  }

  async function end() {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.disconnect();
    const timer = setTimeout(() => child.kill("SIGKILL"), 2_000);
    await exited;
    clearTimeout(timer);
  }

  await call("ready");
  return { pid: child.pid, call, end };
}

/** The other end: answers calls by name, beside those that every program has; ends when its starter is gone. */
export function serve(handlers) {
  const all = {
    ready: () => {},
    /** Microseconds of processor time so far. */
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    /** Resident bytes, now and at most so far. */
    memory: () => ({ now: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1024 }),
    /** Bytes that are really in use. */
    inUse: async () => (await import("./memory.mjs")).bytesInUse(),
    ...handlers,
  };
  process.on("disconnect", () => process.exit());
  const answer = async ({ id, name, input }) => {
    try {
      process.send({ id, output: await all[name](input) });
    } catch (error) {
      process.send({ id, error: error instanceof Error ? error.stack : String(error) });
    }
  };
  process.on("message", (message) => void answer(message));
}

/** What the starter said. */
export function startOptions() {
  return JSON.parse(process.argv[2] ?? "{}");
}
