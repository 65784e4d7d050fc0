import { describe, expect, it } from "vitest";
import { call } from "../support/daemon.js";
import { newPlace, startProgram } from "./support/store-daemon.js";
import { hasStrace, slowedDown } from "./support/store-strace.js";
import { finds, holds } from "./support/trials.js";

const syncMs = 300;

interface Answered {
  readonly path: string;
  readonly status: number;
  readonly json: { readonly run_id?: string };
  readonly afterMs: number;
}

interface Slowness {
  readonly starts: readonly Answered[];
  readonly reads: readonly Answered[];
  /** Starts of which nothing is there after the daemon was killed. */
  readonly lost: readonly string[];
}

/** Starts, and reads meanwhile, of a daemon whose disk takes its time; then it is killed. */
async function onSlowDisk({ bug, ms = syncMs, count = 8 }: { bug?: string; ms?: number; count?: number } = {}): Promise<Slowness> {
  const place = newPlace();
  const { socket } = place.home;
  const timed = async (path: string, body?: object): Promise<Answered> => {
    const from = performance.now();
    const { status, json } = await call(socket, path, body && { body });
    return { path, status, json, afterMs: performance.now() - from };
  };
  try {
    const first = startProgram(place, { bug });
    if ((await first.listensAfterMs) < 0) throw new Error(first.said());
    const { json } = await call(socket, "/runs", { body: { argv: ["echo", "done"] } });
    await call(socket, `/runs/${json.run_id}/wait?timeout_ms=10000`);
    const release = await slowedDown(first.pid, ms);
    const starting = Array.from({ length: count }, () => timed("/runs", { argv: ["true"] }));
    const reading = ["/health", "/runs", `/runs/${json.run_id}`, `/runs/${json.run_id}/events?follow=false`].map((path) => timed(path));
    const [starts, reads] = [await Promise.all(starting), await Promise.all(reading)];
    await first.kill();
    await release();
    const second = startProgram(place);
    await second.listensAfterMs;
    const lost: string[] = [];
    for (const { json: answer } of starts) {
      const id = String(answer.run_id);
      if ((await call(socket, `/runs/${id}`)).status !== 200) lost.push(id);
    }
    await second.kill();
    return { starts, reads, lost };
  } finally {
    place.remove();
  }
}

function violationsOf({ starts, reads, lost }: Slowness): string[] {
  const early = starts.filter(({ afterMs }) => afterMs < syncMs);
  return [
    ...[...starts, ...reads].flatMap(({ path, status }) => (status < 300 ? [] : [`${path}: ${status}`])),
    ...early.map(({ afterMs }) => `a start was acknowledged after ${Math.round(afterMs)} ms, a sync takes ${syncMs}`),
    ...lost.map((id) => `${id} was acknowledged and is gone`),
  ];
}

describe.skipIf(!hasStrace)("a daemon on a slow disk", () => {
  it("reads, and acknowledges nothing before it is there", async () => {
    await holds({ promise: "R1 on a slow disk", short: 2, long: 50, lanes: 2 }, async () => violationsOf(await onSlowDisk()));
  });

  it("is seen to be wrong when it acknowledges before the disk has it", async () => {
    const bug = "acknowledges before COMMIT";
    await finds(`${bug}, slow disk`, { within: 2, lanes: 1 }, async () => violationsOf(await onSlowDisk({ bug })));
  });

  it("says how it is while a sync is under way", async () => {
    // A sync so long that no busy machine takes as long for the answer.
    const { starts, reads } = await onSlowDisk({ ms: 2_000, count: 1 });
    const [health, start] = [reads[0]?.afterMs ?? Number.POSITIVE_INFINITY, starts[0]?.afterMs ?? 0];
    expect(health).toBeLessThan(start - 1_000);
  });
});

it.skipIf(hasStrace)("a daemon on a slow disk (skipped: strace is not here or may not trace)", () => {});
