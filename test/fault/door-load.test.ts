import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { call, daemonPlace, daemonProcess, eventually } from "../support/daemon.js";
import { createCaller } from "./support/caller.js";
import { connectionsGone, type Subject, subject, unixSubject } from "./support/door-subject.js";
import { bye, filled, get, open, postHead, statuses } from "./support/wire.js";
import { isLong, randomOf, sampled, trials } from "./support/trials.js";

const limits = { connections: 64, headerMs: 300, requestMs: 500, keepAliveMs: 300 };
const again = 6_000;

/** Connections that are opened and say so much of a request, a byte now and then. */
function slowClients(port: number, count: number, opening: string): { readonly sockets: Socket[]; stop(): void } {
  const sockets = Array.from({ length: count }, () => connect(port, "127.0.0.1"));
  for (const socket of sockets) socket.on("error", () => {}).write(filled(opening, port));
  const timer = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write("x");
  }, 50);
  const stop = (): void => {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(stop);
  return { sockets, stop };
}

/** Whether a request on a new connection is answered before the time is over; tried until then. */
async function servedWithin(port: number, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const wire = open(port);
    wire.socket.write(filled(get("/health", bye), port));
    await wire.closed;
    if (wire.text() !== "" && statuses(wire.text())[0] === 200) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

const connections = ({ server }: Subject): Promise<number> =>
  new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count))));

// What a slow client has sent when it begins to dawdle; the time after which it must be let go is the limits' own.
const dawdlers: readonly (readonly [name: string, opening: string])[] = [
  ["headers", "GET /runs HTTP/1.1\r\nHost: localhost:PORT\r\nX-Slow: "],
  ["request lines", "GET /ru"],
  ["bodies", `${postHead("Content-Length: 100000\r\n")}{"a":"`],
  ["chunks", `${postHead("Transfer-Encoding: chunked\r\n")}ffff\r\n{"a":"`],
];

const { random } = randomOf("slow clients");

describe("clients that are slow on purpose", () => {
  it.for(sampled(dawdlers, 2, random))(
    "with their %s take a door no longer than its limits say, and another door of the process not at all",
    async ([, opening]) => {
      const tcp = await subject({ limits });
      const unix = createCaller(await unixSubject({ limits }));
      slowClients(tcp.port, 300, opening);
      const waits: number[] = [];
      const from = performance.now();
      while (performance.now() - from < 300) {
        const asked = performance.now();
        const { status } = await unix.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
        waits.push(performance.now() - asked);
        expect(status).toBe(200);
      }
      expect(await connections(tcp)).toBeLessThanOrEqual(limits.connections);
      // In line with the slow ones it would wait until four times as many as there is room for have been let go.
      expect(waits.toSorted((a, b) => a - b)[Math.floor(waits.length / 2)]).toBeLessThan(3 * limits.headerMs);
      expect(await servedWithin(tcp.port, again)).toBe(true);
    },
  );

  it("would be found to hold a door that has no such limits", async () => {
    const tcp = await subject({ limits: { ...limits, headerMs: 60_000, requestMs: 60_000 } });
    slowClients(tcp.port, 300, dawdlers[0]?.[1] ?? "");
    while ((await connections(tcp)) < limits.connections) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await servedWithin(tcp.port, 1_500)).toBe(false);
  });
});

describe("a flood of connections", () => {
  it("is bounded by the door, which serves again when it is over", async () => {
    const tcp = await subject({ limits });
    let most = 0;
    for (let wave = 0; wave < trials(4, 40); wave += 1) {
      const sockets = Array.from({ length: 250 }, () => connect(tcp.port, "127.0.0.1").on("error", () => {}));
      await Promise.all(sockets.map((socket) => Promise.race([once(socket, "connect").catch(() => {}), once(socket, "close")])));
      most = Math.max(most, await connections(tcp));
      for (const socket of sockets) socket.resetAndDestroy();
    }
    expect(most).toBeLessThanOrEqual(limits.connections);
    await connectionsGone(tcp.server);
    expect(await servedWithin(tcp.port, again)).toBe(true);
  });
});

const has = (tool: string): boolean => {
  try {
    execFileSync("/bin/sh", ["-c", `command -v ${tool}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

const attacks: readonly (readonly [name: string, flags: readonly string[]])[] = [
  ["slow headers", ["-H", "-i", "1"]],
  ["slow bodies", ["-B", "-i", "1"]],
  ["slow reads", ["-X", "-w", "1", "-y", "4", "-n", "1", "-z", "1"]],
];

describe.skipIf(!has("slowhttptest"))(`slowhttptest${has("slowhttptest") ? "" : " (not installed here)"}`, () => {
  it.for(isLong ? attacks : attacks.slice(0, 1))("with %s does not keep a door: it is served again within 6 s", async ([, flags]) => {
    const tcp = await subject({ limits: { ...limits, stallMs: 1_000 } });
    const target = `http://localhost:${tcp.port}/runs`;
    const args = [...flags, "-c", "600", "-r", "300", "-l", String(trials(2, 20)), "-p", "3", "-u", target];
    const tool = spawn("slowhttptest", args, { stdio: "ignore" });
    onTestFinished(() => void tool.kill("SIGKILL"));
    await once(tool, "exit");
    expect(await servedWithin(tcp.port, again)).toBe(true);
  });
});

/** What became of starts that all came at once. */
async function startedAtOnce(socket: string, count: number): Promise<{ accepted: string[]; refused: number[] }> {
  const body = { argv: ["/bin/sh", "-c", "echo x"] };
  const starts = await Promise.all(Array.from({ length: count }, () => call(socket, "/runs", { body }).catch(() => undefined)));
  const answered = starts.flatMap((start) => start ?? []);
  return {
    accepted: answered.filter(({ status }) => status === 201).map(({ json }) => json.run_id as string),
    refused: answered.filter(({ status }) => status !== 201).map(({ status }) => status),
  };
}

describe.skipIf(process.platform !== "linux" || !has("prlimit"))(
  `a daemon with 256 descriptors${has("prlimit") ? "" : " (prlimit is not installed here)"}`,
  () => {
    const few = ["prlimit", "--nofile=256"];

    it("answers every connection or refuses it, runs what it accepts while 1,000 knock, and has its descriptors back afterwards", async () => {
      const place = daemonPlace();
      const daemon = daemonProcess(place, [], few);
      await daemon.listens;
      const { socket } = place.home;
      const descriptors = (): number => readdirSync(`/proc/${daemon.pid}/fd`).length;
      // What is opened once is open from here on.
      const { run_id } = (await call(socket, "/runs", { body: { argv: ["true"] } })).json;
      await call(socket, `/runs/${run_id}/wait?timeout_ms=5000`);
      const before = descriptors();
      const port = Number(new URL(/http:\/\/[^\s]+/.exec(daemon.said())?.[0] ?? "").port);
      const crowd = Array.from({ length: 1_000 }, () => connect(port, "127.0.0.1").on("error", () => {}));
      onTestFinished(() => crowd.forEach((one) => void one.destroy()));
      const { accepted, refused } = await startedAtOnce(socket, 200);
      expect(refused.filter((status) => ![429, 503, 507].includes(status))).toEqual([]);
      expect(accepted.length).toBeGreaterThan(0);
      for (const id of accepted) {
        const run = await eventually(async () => {
          const answer = await call(socket, `/runs/${id}/wait?timeout_ms=5000`).catch(() => undefined);
          return answer?.json.ended_at === undefined ? undefined : answer.json;
        });
        expect(run).toMatchObject({ status: "completed", result: "x\n" });
      }
      console.log(`T23: of 200 starts at once ${accepted.length} were accepted and completed, ${refused.length} answered otherwise`);
      for (const one of crowd) one.destroy();
      await eventually(() => descriptors() - before <= 2);
      expect((await call(socket, "/health")).status).toBe(200);
      expect(daemon.child.exitCode).toBeNull();
    });

    it("would be found to lose runs if it took as many connections and runs as any other", async () => {
      const place = daemonPlace();
      // The bounds that it fits itself into are made at its start: one that had enough then takes too much.
      const daemon = daemonProcess(place);
      await daemon.listens;
      execFileSync("prlimit", ["--nofile=256", "--pid", String(daemon.pid)]);
      const { socket } = place.home;
      const lost = await eventually(async () => {
        const { accepted } = await startedAtOnce(socket, 200);
        const ended = async (id: string) =>
          eventually(async () => (await call(socket, `/runs/${id}/wait?timeout_ms=5000`).catch(() => undefined))?.json);
        return (await Promise.all(accepted.map(ended))).find(({ status }) => status === "failed");
      }, 60_000);
      console.log(`T23: without them ${lost.id} ended ${lost.error_code}: ${lost.error}`);
      expect(lost).toMatchObject({ status: "failed" });
    });
  },
);
