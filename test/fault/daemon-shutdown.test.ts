import type { ChildProcess } from "node:child_process";
import { connect, type Socket } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as later } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { StreamEvent } from "../../lib/events/event.js";
import { call, eventually } from "../support/daemon.js";
import { survivors } from "../support/process-tree.js";
import { follow, newPlace, startProgram } from "./support/store-daemon.js";
import type { Random } from "./support/store-random.js";
import { finds, holds } from "./support/trials.js";

const longestMs = 10_000;
/** How starts ended that were under way when the signal came. */
const writes = { done: 0, refused: 0 };
/** Milliseconds from each signal to the first caller who was turned away. */
const refusedAfterMs: number[] = [];

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

const late = { argv: ["true"], run_label: "late" };

/** How many runs of that label a store holds. */
function storedRuns(path: string, label: string): number {
  const db = new DatabaseSync(path, { readOnly: true });
  const found = db
    .prepare("SELECT count(*) AS count FROM records WHERE collection = 'runs' AND json_extract(json, '$.label') = ?")
    .get(label);
  db.close();
  return Number(found?.["count"]);
}

/** What is wrong with the end of a daemon that has a deaf child and clients that hang on. */
async function ended(random: Random, limits: object, bug?: string): Promise<string[]> {
  const place = newPlace({ daemon: { limits } });
  const { socket } = place.home;
  const hanging: Socket[] = [];
  const daemon = startProgram(place, { flags: [], bug });
  try {
    if ((await daemon.listensAfterMs) < 0) return [`it does not start: ${daemon.said()}`];
    const { run_id: id } = (await call(socket, "/runs", { body: deaf })).json;
    const target = `/runs/${id}/events`;
    const events: StreamEvent[] = [];
    const live = follow(socket, id, (event) => events.push(event));
    const [, url = ""] = await eventually(() => /(http:\/\/[^\s]+)/.exec(daemon.said()) ?? undefined);
    hanging.push(...hangers(socket, target), ...hangers(Number(new URL(url).port), target));
    // The one that is looked at is among them.
    await eventually(async () => events.length > 0 && (await call(socket, "/status")).json.readers >= 2);
    await later(random.int(50));
    // Under way when the signal comes: done whole, or refused.
    const writing = call(socket, "/runs", { body: late }).then(
      ({ status }) => status,
      () => "cut" as const,
    );
    // A door begins a request when all of its turn have come: one that comes with the signal is too late.
    if (random.chance(0.5)) await later(random.int(10));
    const signaledAt = performance.now();
    const end = endOf(daemon.child, longestMs);
    // Whoever comes now is turned away, or told that it is over.
    await eventually(() =>
      call(socket, "/health").then(
        ({ status }) => status === 503,
        () => true,
      ),
    );
    refusedAfterMs.push(performance.now() - signaledAt);
    const [exit, written] = [await end, await writing];
    const stored = storedRuns(place.home.store, "late");
    // Whoever came too late to be heard knows nothing, and so does the proof.
    const isKept = written === "cut" || (written === 201 && stored === 1) || (written === 503 && stored === 0);
    writes[written === 201 ? "done" : "refused"] += 1;
    await live;
    const ends = events.filter(({ type }) => /^run\.(interrupted|canceled|failed|completed)$/.test(type));
    return [
      ...(exit === 0 ? [] : [`it ended with ${exit}`]),
      ...(isKept ? [] : [`a start under way was answered ${written}, ${stored} are stored`]),
      ...(ends.length === 1 && ends[0] === events.at(-1) ? [] : [`the stream has ${ends.length} ends, and then ${events.at(-1)?.type}`]),
      ...[...survivors(`.${id}`).values()].map((line) => `left: ${line}`),
    ];
  } catch (error) {
    const { exitCode, signalCode } = daemon.child;
    return [`${String(error)}; the daemon ${exitCode ?? signalCode ?? "goes on"} and said: ${daemon.said()}`];
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
    console.log(`starts under way: ${JSON.stringify(writes)}`);
    expect(Math.min(writes.done, writes.refused), "both ends of a start under way").toBeGreaterThan(0);
    // A busy machine makes it later, never sooner.
    const sorted = refusedAfterMs.toSorted((a, b) => a - b).map(Math.round);
    console.log(
      `new callers are refused after ${sorted[0]} ms at best, ${sorted[sorted.length >> 1]} in the middle, ${sorted.at(-1)} at most`,
    );
    expect(sorted[0], "the soonest of all refusals").toBeLessThanOrEqual(100);
  });

  it("is seen to be wrong when it waits for its clients", async () => {
    const bug = "waits for its clients";
    await finds(bug, { within: 1, lanes: 1 }, async (random) =>
      (await ended(random, { graceMs: 500, shutdownMs: 3_000 }, bug)).filter((found) => found === "it ended with 1"),
    );
  });
});
