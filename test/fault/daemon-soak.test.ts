import { setTimeout as later } from "node:timers/promises";
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { call, eventually } from "../support/daemon.js";
import { type Daemon, newPlace, startProgram } from "./support/store-daemon.js";
import { isLong, longMs, trials } from "./support/trials.js";

const MiB = 1 << 20;
// Small bounds, which are reached in the first half.
const limits = { keptRuns: 50, idempotencyKeys: 50 };

// With a small heap, so that the engine keeps no room for what it may need some day; the sources need a larger one.
const collecting = (heapMiB: number) => ({
  NODE_OPTIONS: `--max-old-space-size=${heapMiB} --import ${new URL("../support/collecting.mjs", import.meta.url).href}`,
});

/** What a daemon says of itself. */
interface Sample {
  readonly rss: number;
  readonly heap: number;
  readonly fds: number;
}

async function sampled(socket: string): Promise<Sample> {
  const { memory, fds } = (await call(socket, "/status")).json;
  return { rss: memory.rss_bytes, heap: memory.heap_bytes, fds };
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

/** What a daemon holds when nobody wants anything of it and its garbage is out; in the long form half a minute later. */
async function restful(socket: string, { child }: Daemon): Promise<Sample> {
  await eventually(async () => (await call(socket, "/status")).json.readers === 0);
  for (let round = 0; round < 3; round += 1) {
    child.kill("SIGUSR2");
    await later(50);
  }
  // Only where nothing at all is asked of it does the engine give memory back.
  if (isLong) await later(30_000);
  return sampled(socket);
}

/** What is wrong with a daemon after so many runs: what it holds must not grow any more in the second half of them. */
async function soaked(runs: number, bug?: string): Promise<string[]> {
  const place = newPlace({ daemon: { limits } });
  const { socket } = place.home;
  try {
    const daemon = startProgram({ ...place, env: { ...place.env, ...collecting(bug === undefined ? 64 : 256) } }, { bug });
    if ((await daemon.listensAfterMs) < 0) return [daemon.said()];
    let turn = 0;
    const from = performance.now();
    const work = async (upTo: number, withinMs: number): Promise<Sample> => {
      const lane = async (): Promise<void> => {
        while (turn < upTo && performance.now() - from < withinMs) await workedOnce(socket, turn++);
      };
      await Promise.all([lane(), lane(), lane(), lane()]);
      return restful(socket, daemon);
    };
    const middle = await work(runs / 2, longMs / 2);
    const atMiddle = turn;
    const end = await work(runs, longMs);
    const [heap, rss] = [end.heap - middle.heap, end.rss - middle.rss].map((bytes) => bytes / MiB) as [number, number];
    console.log(
      `R24 ${bug ?? "soak"}: ${turn} runs in ${Math.round((performance.now() - from) / 1_000)} s; after the last ${turn - atMiddle} of them ` +
        `${heap.toFixed(2)} MiB more are held, ${rss.toFixed(2)} MiB more resident; descriptors ${middle.fds}, ${end.fds}`,
    );
    return [
      ...(heap < 1 ? [] : [`what it holds grew by ${heap.toFixed(1)} MiB`]),
      ...(rss < 64 ? [] : [`its memory grew by ${rss.toFixed(1)} MiB`]),
      ...(Math.abs(end.fds - middle.fds) <= 2 ? [] : [`${middle.fds} descriptors became ${end.fds}`]),
    ];
  } catch (error) {
    return [String(error)];
  } finally {
    place.remove();
  }
}

/** How long a soak of hours lasts, in milliseconds; 0, and it is left out. */
const soakMs = Number(process.env["ANODE_TEST_SOAK_MS"] ?? 0);
// Often enough for the bounds to be reached in the first half of an hour, seldom enough to go on beside other work.
const soakedEachMs = 250;
const lookedAtEachMs = 60_000;

/** By how many MiB an hour the values grow, by the line that fits them best; `at` in milliseconds. */
function slopeOf(points: readonly { readonly at: number; readonly bytes: number }[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [at, bytes] = [mean(points.map((point) => point.at)), mean(points.map((point) => point.bytes))];
  const rise = points.reduce((sum, point) => sum + (point.at - at) * (point.bytes - bytes), 0);
  return ((rise / points.reduce((sum, point) => sum + (point.at - at) ** 2, 0)) * 3_600_000) / MiB;
}

/** What is wrong with a daemon that is used for hours: what it holds at rest must not rise over the second half of them. */
async function steady(ms: number, bug?: string): Promise<string[]> {
  const place = newPlace({ daemon: { limits } });
  const { socket } = place.home;
  try {
    const daemon = startProgram({ ...place, env: { ...place.env, ...collecting(bug === undefined ? 64 : 256) } }, { bug });
    if ((await daemon.listensAfterMs) < 0) return [daemon.said()];
    const from = performance.now();
    const samples: (Sample & { readonly at: number })[] = [];
    for (let turn = 0; performance.now() - from < ms; turn += 1) {
      await Promise.all([workedOnce(socket, turn), later(soakedEachMs)]);
      if (performance.now() - from < (samples.length + 1) * Math.min(lookedAtEachMs, ms / 60)) continue;
      samples.push({ ...(await restful(socket, daemon)), at: performance.now() - from });
      const { rss, heap, fds } = samples.at(-1)!;
      console.log(
        `R24 ${turn + 1} runs: ${(heap / MiB).toFixed(2)} MiB are held, ${(rss / MiB).toFixed(1)} MiB resident, ${fds} descriptors`,
      );
    }
    const half = samples.slice(Math.floor(samples.length / 2));
    const held = slopeOf(half.map(({ at, heap }) => ({ at, bytes: heap })));
    const resident = slopeOf(half.map(({ at, rss }) => ({ at, bytes: rss })));
    console.log(
      `R24 ${bug ?? "hours"}: over the second half it holds ${held.toFixed(2)} MiB an hour more, ${resident.toFixed(2)} MiB resident`,
    );
    return held < 1 ? [] : [`what it holds grows by ${held.toFixed(1)} MiB an hour`];
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
    const daemon = startProgram({ ...place, env: { ...place.env, ...collecting(256) } });
    if ((await daemon.listensAfterMs) < 0) return [daemon.said()];
    for (let turn = 0; turn < 30; turn += 1) await workedOnce(socket, turn);
    const before = await restful(socket, daemon);
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
    const most = await sampled(socket);
    for (const leave of leaving) leave();
    const after = await restful(socket, daemon);
    const above = ({ rss, heap }: Sample): string =>
      `${((rss - before.rss) / MiB).toFixed(1)} MiB resident and ${((heap - before.heap) / MiB).toFixed(1)} MiB of heap above the baseline`;
    const told = [...statuses].map(([status, count]) => `${count} × ${status}`).join(", ");
    console.log(`R24 overload: ${told}; ${above(most)}, at rest ${above(after)}`);
    // What is told to put its garbage out keeps the room for the next: the resident bytes go only by and by.
    const grown = isLong ? after.rss - before.rss : after.heap - before.heap;
    return [
      ...(grown <= 64 * MiB ? [] : [`half a minute later there are ${above(after)}`]),
      ...(statuses.has(429) ? [] : ["it was not overloaded"]),
      ...[...statuses.keys()].filter((status) => status !== 201 && status !== 429).map((status) => `a start was answered ${status}`),
    ];
  } finally {
    place.remove();
  }
}

describe("the memory of a daemon", () => {
  it("does not grow with what it has done", async () => {
    expect(await soaked(trials(120, 20_000))).toEqual([]);
  });

  it("is back half a minute after an overload", async () => {
    expect(await overloaded(trials(2_000, 20_000))).toEqual([]);
  });

  it.skipIf(soakMs === 0)("does not rise over hours", { timeout: soakMs + 600_000 }, async () => {
    expect(await steady(soakMs)).toEqual([]);
    expect(await steady(60_000, "keeps what has ended")).toContainEqual(expect.stringMatching(/^what it holds grows/));
  });

  it("would be found to grow if it kept something of what has ended", async () => {
    expect(await soaked(120, "keeps what has ended")).toContainEqual(expect.stringMatching(/^what it holds grew/));
  });
});
