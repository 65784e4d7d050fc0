import { type ChildProcess, spawn } from "node:child_process";
import { connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { call, daemonPlace, daemonProcess, eventually } from "../support/daemon.js";
import { survivors } from "../support/process-tree.js";
import { trials } from "./support/trials.js";

const longestMs = 10_000;

/** Connections of which each is a reason to wait: a stream that nobody reads, half a request, half a body, an idle one. */
function hangers(at: number | string, target: string): Socket[] {
  const opened = (text: string, paused = false): Socket => {
    const socket = typeof at === "number" ? connect(at, "127.0.0.1") : connect(at);
    onTestFinished(() => void socket.destroy());
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

describe("a daemon that is asked to end", () => {
  it("waits for no client: streams get their terminal event, deaf children are gone, and it ends with 0 in time", async () => {
    for (let trial = 0; trial < trials(1, 20); trial += 1) {
      const place = daemonPlace();
      const daemon = daemonProcess(place);
      await daemon.listens;
      const { socket } = place.home;
      const deaf = { argv: ["/bin/sh", "-c", "trap '' TERM INT HUP; while :; do echo x; sleep 0.05; done"] };
      const { run_id: id } = (await call(socket, "/runs", { body: deaf })).json;
      const target = `/runs/${id}/events`;
      const live = call(socket, target, { headers: { Accept: "text/event-stream" } });
      hangers(socket, target);
      hangers(Number(new URL(/http:\/\/[^\s]+/.exec(daemon.said())?.[0] ?? "").port), target);
      await eventually(async () => (await call(socket, "/status")).json.readers === 2);
      const end = endOf(daemon.child, longestMs);
      // Whoever comes now is turned away, or told that it is over.
      const refused = await eventually(() =>
        call(socket, "/runs", { body: deaf }).then(
          ({ status }) => status === 503,
          () => true,
        ),
      );
      expect([await end, refused]).toEqual([0, true]);
      const events = (await live).text.split("\n").filter((line) => line.startsWith("data: "));
      expect(events.filter((line) => /"type":"run\.(interrupted|canceled|failed|completed)"/.test(line))).toEqual([events.at(-1)]);
      expect(survivors(`.${id}`).size).toBe(0);
    }
  });

  it("would be found waiting if it waited for its clients to leave", async () => {
    const script = `const server = require("node:http").createServer((_, response) => response.write("x"));
      server.listen(0, "127.0.0.1", () => console.log(server.address().port));
      process.on("SIGTERM", () => server.close(() => process.exit(0)));`;
    const naive = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void naive.kill("SIGKILL"));
    const port = await new Promise<number>((resolve) => naive.stdout.once("data", (text) => resolve(Number(text))));
    const clients = hangers(port, "/");
    await Promise.all(
      clients.map((client) => new Promise<void>((resolve) => (client.connecting ? client.once("connect", () => resolve()) : resolve()))),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await endOf(naive, 1_000)).toBe("waits");
  });
});
