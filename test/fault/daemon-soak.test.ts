import { setTimeout as later } from "node:timers/promises";
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { call, eventually } from "../support/daemon.js";
import { newPlace, startProgram } from "./support/store-daemon.js";
import { longMs, trials } from "./support/trials.js";

const MiB = 1 << 20;
// Small bounds, which are reached long before the last half.
const limits = { keptRuns: 50, idempotencyKeys: 50 };

/** What a daemon says of itself. */
interface Sample {
  readonly atMs: number;
  readonly rss: number;
  readonly heap: number;
  readonly fds: number;
}

async function sampled(socket: string): Promise<Sample> {
  const { memory, fds } = (await call(socket, "/status")).json;
  return { atMs: performance.now(), rss: memory.rss_bytes, heap: memory.heap_bytes, fds };
}

/** A reader that leaves after its first bytes, or takes nothing at all until it is destroyed. */
function reader(socketPath: string, id: string): () => void {
  const outgoing = request({ socketPath, path: `/runs/${id}/events`, agent: false, headers: { Accept: "text/event-stream" } }, (response) =>
    response.pause(),
  );
  outgoing.on("error", () => {}).end();
  return () => outgoing.destroy();
}

/** One run as clients make it: started with a key, read by one who stays and one who leaves, listed, replayed; some are canceled. */
async function workedOnce(socket: string, turn: number): Promise<void> {
  const isCanceled = turn % 10 === 0;
  const argv = isCanceled ? ["sleep", "60"] : ["sh", "-c", "echo a; echo b >&2"];
  const { json, status } = await call(socket, "/runs", { body: { argv }, headers: { "Idempotency-Key": `key-${turn}` } });
  if (status !== 201) throw new Error(`A start was answered ${status}: ${json.detail}`);
  const leave = reader(socket, json.run_id);
  if (isCanceled) await call(socket, `/runs/${json.run_id}`, { method: "DELETE" });
  await call(socket, `/runs/${json.run_id}/events`, { headers: { Accept: "text/event-stream" } });
  leave();
  await call(socket, "/runs?limit=20");
  await call(socket, `/runs/${json.run_id}/events?follow=false`, { headers: { Accept: "application/json" } });
}

/** The lowest heap of a span: what is left when the garbage is out. */
function floorOf(samples: readonly Sample[]): number {
  return Math.min(...samples.map(({ heap }) => heap));
}

function topOf(samples: readonly Sample[]): number {
  return Math.max(...samples.map(({ rss }) => rss));
}

/** How the resident memory goes, in MiB an hour, by least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [at, rss] = [mean(samples.map(({ atMs }) => atMs)), mean(samples.map((one) => one.rss))];
  const covariance = mean(samples.map((one) => (one.atMs - at) * (one.rss - rss)));
  return (covariance / mean(samples.map(({ atMs }) => (atMs - at) ** 2)) / MiB) * 3_600_000;
}

/** What is wrong with a daemon after so many runs: what it holds must not grow any more in the last half of them. */
async function soaked(runs: number, bug?: string): Promise<string[]> {
  const place = newPlace({ daemon: { limits } });
  const { socket } = place.home;
  // In a small heap garbage does not pile up; with a planted bug it runs from the sources, which need more.
  const env = { ...place.env, NODE_OPTIONS: `--max-old-space-size=${bug === undefined ? 64 : 128}` };
  try {
    const daemon = startProgram({ ...place, env }, { bug });
    if ((await daemon.listensAfterMs) < 0) return [daemon.said()];
    let turn = 0;
    for (; turn < 60; turn += 1) await workedOnce(socket, turn);
    const before = await sampled(socket);
    const samples: Sample[] = [];
    const from = performance.now();
    const goesOn = (): boolean => turn < runs && performance.now() - from < longMs;
    const lane = async (): Promise<void> => {
      while (goesOn()) await workedOnce(socket, turn++);
    };
    const watch = async (): Promise<void> => {
      for (; goesOn(); await later(50)) samples.push(await sampled(socket));
    };
    await Promise.all([lane(), lane(), lane(), lane(), watch()]);
    await eventually(async () => (await call(socket, "/status")).json.readers === 0);
    const after = await sampled(socket);
    const quarter = (n: number): readonly Sample[] => samples.slice((samples.length * n) / 4, (samples.length * (n + 1)) / 4);
    const heap = (floorOf(quarter(3)) - floorOf(quarter(2))) / MiB;
    const rss = (topOf(quarter(3)) - topOf(quarter(2))) / MiB;
    console.log(
      `R24 ${bug ?? "soak"}: ${turn} runs in ${Math.round((performance.now() - from) / 1_000)} s; last quarter against the one before: heap ${heap.toFixed(2)} MiB, ` +
        `resident ${rss.toFixed(2)} MiB; ${slopeOf(samples.slice(samples.length / 2)).toFixed(1)} MiB an hour; descriptors ${before.fds}, ${after.fds}`,
    );
    return [
      ...(heap < 2 ? [] : [`what it holds grew by ${heap.toFixed(1)} MiB`]),
      ...(rss < 8 ? [] : [`its memory grew by ${rss.toFixed(1)} MiB`]),
      ...(Math.abs(after.fds - before.fds) <= 2 ? [] : [`${before.fds} descriptors became ${after.fds}`]),
    ];
  } catch (error) {
    return [String(error)];
  } finally {
    place.remove();
  }
}

const chatty = ["sh", "-c", "yes 0123456789012345678901234567890123456789 | head -n 200000"];

/** What is wrong with a daemon half a minute after it got far more than it takes. */
async function overloaded(ms: number): Promise<string[]> {
  const place = newPlace({ daemon: { limits: { ...limits, queue: 50 } } });
  const { socket } = place.home;
  try {
    const daemon = startProgram(place);
    if ((await daemon.listensAfterMs) < 0) return [daemon.said()];
    for (let turn = 0; turn < 30; turn += 1) await workedOnce(socket, turn);
    const before = await sampled(socket);
    const { json } = await call(socket, "/runs", { body: { argv: chatty } });
    const leaving = Array.from({ length: 60 }, () => reader(socket, json.run_id));
    const end = performance.now() + ms;
    const statuses = new Map<number, number>();
    const lane = async (): Promise<void> => {
      while (performance.now() < end) {
        const { status } = await call(socket, "/runs", { body: { argv: ["sh", "-c", "echo x"], metadata: { note: "x".repeat(4_000) } } });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 64 }, lane));
    const most = (await sampled(socket)).rss;
    for (const leave of leaving) leave();
    const grownBy = async (): Promise<number> => ((await sampled(socket)).rss - before.rss) / MiB;
    const isBack = await eventually(async () => (await grownBy()) <= 64, 30_000).catch(() => false);
    const grown = (await grownBy()).toFixed(1);
    console.log(
      `R24 overload: ${[...statuses].map(([status, count]) => `${count} × ${status}`).join(", ")}; resident ${((most - before.rss) / MiB).toFixed(1)} MiB above the baseline, then ${grown} MiB`,
    );
    return [
      ...(isBack ? [] : [`half a minute later it has ${grown} MiB more`]),
      ...(statuses.has(429) ? [] : ["it was not overloaded"]),
      ...[...statuses.keys()].filter((status) => status !== 201 && status !== 429).map((status) => `a start was answered ${status}`),
    ];
  } finally {
    place.remove();
  }
}

describe("the memory of a daemon", () => {
  it("does not grow with what it has done", async () => {
    expect(await soaked(trials(200, 20_000))).toEqual([]);
  });

  it("is back half a minute after an overload", async () => {
    expect(await overloaded(trials(2_000, 30_000))).toEqual([]);
  });

  it("would be found to grow if it kept something of what has ended", async () => {
    expect(await soaked(200, "keeps what has ended")).toContainEqual(expect.stringMatching(/^what it holds grew/));
  });
});
