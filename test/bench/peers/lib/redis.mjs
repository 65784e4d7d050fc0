import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { once } from "node:events";
import { NotPresent } from "../../lib/product.mjs";
import { freshPath } from "../../lib/temporary-folder.mjs";

const longestMs = 5_000;

/** Starts a Redis server on a Unix socket, with an append-only file that is flushed `always` or `everysec`. @throws NotPresent */
export async function startRedis(flush) {
  const [folder, path] = [freshPath("redis"), freshPath("redis.sock")];
  mkdirSync(folder);
  const args = ["--port", "0", "--unixsocket", path, "--dir", folder, "--save", "", "--appendonly", "yes", "--appendfsync", flush];
  const child = spawn("redis-server", args, { stdio: "ignore" });
  const failed = once(child, "error").then(() => Promise.reject(new NotPresent("redis-server (the Debian package of that name)")));
  const exited = once(child, "exit");
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  await Promise.race([listening(path), failed]);
  return {
    path,
    async end() {
      child.kill("SIGTERM");
      await exited;
      process.off("exit", kill);
    },
  };
}

async function listening(path) {
  const until = performance.now() + longestMs;
  while (performance.now() < until) {
    const socket = connect({ path });
    const isUp = await Promise.race([once(socket, "connect").then(() => true), once(socket, "close").then(() => false)]).catch(() => false);
    socket.destroy();
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`redis-server does not listen at ${path}`);
}

/** A connection that adds events to one stream, as many at once as it is given; each call resolves when all are acknowledged. */
export async function openRedisStream(path) {
  const socket = connect({ path });
  await once(socket, "connect");
  const waiting = [];
  socket.on("data", (bytes) => {
    const text = bytes.latin1Slice();
    if (/(^|\n)-/.test(text)) return socket.destroy(new Error(text.slice(0, 200)));
    for (const byte of bytes) {
      // Each answer is one bulk text, the new entry's id.
      if (byte === bulk && --waiting[0].left === 0) waiting.shift().resolve();
    }
  });
  socket.on("error", (error) => waiting.forEach(({ reject }) => reject(error)));
  return {
    add(events) {
      const { promise, resolve, reject } = Promise.withResolvers();
      waiting.push({ left: events.length, resolve, reject });
      socket.write(events.map(toCommand).join(""));
      return promise;
    },
    close: () => socket.destroy(),
  };
}

const bulk = "$".charCodeAt(0);

function toCommand(event) {
  const text = JSON.stringify(event);
  return `*5\r\n$4\r\nXADD\r\n$6\r\nevents\r\n$1\r\n*\r\n$1\r\ne\r\n$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}
