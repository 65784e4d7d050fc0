import { type ChildProcess, spawn } from "node:child_process";
import { connect, type Socket } from "node:net";
import { setTimeout as later } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { call, eventually } from "../support/daemon.js";
import { survivors } from "../support/process-tree.js";
import { newPlace, startProgram } from "./support/store-daemon.js";
import type { Random } from "./support/store-random.js";
import { holds } from "./support/trials.js";

const longestMs = 10_000;

/** Connections of which each is a reason to wait: a stream that nobody reads, half a request, half a body, an idle one. */
function hangers(at: number | string, target: string): Socket[] {
  const opened = (text: string, paused = false): Socket => {
    const socket = typeof at === "number" ? connect(at, "127.0.0.1") : connect(at);
    socket.on("error", () => {}).write(text);
    return paused ? socket.pause() : socket.resume();
  };
  const host = "Host: localhost\r\n";
  return [
    opened(`GET ${target} HTTP/1.1\r\n${host}\r\n`, true),
    opened(`GET / HTTP/1.1\r\nHos`),
    opened(`POST /runs HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`),
    opened(""),
  ];
}

/** How a program ends after SIGTERM while clients hang on to it; `waits` when it has not within its time. */
async function endOf(child: ChildProcess, withinMs: number): Promise<number | string> {
  const ended = new Promise<number | string>((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal ?? "")));
  child.kill("SIGTERM");
  const late = new Promise<string>((resolve) => void setTimeout(() => resolve("waits"), withinMs));
  const end = await Promise.race([ended, late]);
  child.kill("SIGKILL");
  await ended;
  return end;
}

const deaf = { argv: ["/bin/sh", "-c", "trap '' TERM INT HUP; while :; do echo x; sleep 0.05; done"] };

/** What is wrong with the end of a daemon that has a deaf child and clients that hang on. */
async function ended(random: Random, limits: object): Promise<string[]> {
  const place = newPlace({ daemon: { limits } });
  const { socket } = place.home;
  const hanging: Socket[] = [];
  try {
    const daemon = startProgram(place, { flags: [] });
    if ((await daemon.listensAfterMs) < 0) return [`it does not start: ${daemon.said()}`];
    const { run_id: id } = (await call(socket, "/runs", { body: deaf })).json;
    const target = `/runs/${id}/events`;
    const live = call(socket, target, { headers: { Accept: "text/event-stream" } });
    const [, url = ""] = await eventually(() => /(http:\/\/[^\s]+)/.exec(daemon.said()) ?? undefined);
    hanging.push(...hangers(socket, target), ...hangers(Number(new URL(url).port), target));
    await eventually(async () => (await call(socket, "/status")).json.readers === 2);
    await later(random.int(50));
    // Under way when the signal comes: done whole, or refused.
    const writing = call(socket, "/runs", { body: { argv: ["true"] } }).then(
      ({ status }) => status,
      () => 503,
    );
    const end = endOf(daemon.child, longestMs);
    // Whoever comes now is turned away, or told that it is over.
    await eventually(() =>
      call(socket, "/health").then(
        ({ status }) => status === 503,
        () => true,
      ),
    );
    const [exit, written] = [await end, await writing];
    const events = (await live).text.split("\n").filter((line) => line.startsWith("data: "));
    const ends = events.filter((line) => /"type":"run\.(interrupted|canceled|failed|completed)"/.test(line));
    return [
      ...(exit === 0 ? [] : [`it ended with ${exit}`]),
      ...(written === 201 || written === 503 ? [] : [`a start under way: ${written}`]),
      ...(ends.length === 1 && ends[0] === events.at(-1) ? [] : [`the stream has ${ends.length} ends, and then ${events.at(-1)}`]),
      ...[...survivors(`.${id}`).values()].map((line) => `left: ${line}`),
    ];
  } finally {
    for (const client of hanging) client.destroy();
    place.remove();
  }
}

describe("a daemon that is asked to end", () => {
  it("waits for no client: streams get their terminal event, deaf children are gone, and it ends with 0 in time", async () => {
    // One in ten with the usual grace, which a deaf child takes to its end.
    await holds({ promise: "R25 SIGTERM", short: 20, long: 500, lanes: 10 }, (random, index) =>
      ended(random, index % 10 === 0 ? {} : { graceMs: 500 }),
    );
  });

  it("would be found waiting if it waited for its clients to leave", async () => {
    const script = `const server = require("node:http").createServer((_, response) => response.write("x"));
      server.listen(0, "127.0.0.1", () => console.log(server.address().port));
      process.on("SIGTERM", () => server.close(() => process.exit(0)));`;
    const naive = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void naive.kill("SIGKILL"));
    const port = await new Promise<number>((resolve) => naive.stdout.once("data", (text) => resolve(Number(text))));
    const clients = hangers(port, "/");
    onTestFinished(() => clients.forEach((client) => client.destroy()));
    await Promise.all(
      clients.map((client) => new Promise<void>((resolve) => (client.connecting ? client.once("connect", () => resolve()) : resolve()))),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await endOf(naive, 1_000)).toBe("waits");
  });
});
