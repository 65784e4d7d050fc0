import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { Call, Handle } from "../../adapters/http/call.js";
import { createHandler } from "../../adapters/http/index.js";
import { RunManager } from "../../lib/runs/manager.js";
import { parsesFirst } from "../support/mutants/wrong-doors.js";
import { jsonBombs } from "./corpus/json.js";

const longestCpuMs = 50;
const mostBytes = 32 * 1_048_576;
const encoder = new TextEncoder();

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function callOf(body: string | Uint8Array): Call {
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  return {
    method: "POST",
    target: "/runs",
    httpVersion: "1.1",
    rawHeaders: ["Host", "memory", "Content-Type", "application/json"],
    door: { kind: "memory", hosts: [], origins: [] },
    signal: new AbortController().signal,
    async *body() {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
    },
  };
}

/** Time of the processor that one call takes: what others on the machine do does not count. */
async function cpuMs(handle: Handle, body: string | Uint8Array): Promise<number> {
  const before = process.cpuUsage();
  await handle(callOf(body));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** Bombs that keep the loop longer than they may, at the best of three tries; no more than `enough` of them are looked for. */
async function slowBombs(wrap: (handle: Handle) => Handle, enough = Number.POSITIVE_INFINITY): Promise<string[]> {
  const manager = new RunManager();
  await manager.open();
  const handle = wrap(createHandler({ manager, hosts: [] }));
  const slow: string[] = [];
  for (const [name, body] of jsonBombs) {
    if (slow.length >= enough) break;
    let best = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 3 && best >= longestCpuMs; tries += 1) {
      collect();
      best = Math.min(best, await cpuMs(handle, body));
    }
    if (best >= longestCpuMs) slow.push(`${name}: ${best.toFixed(0)} ms`);
  }
  await manager.close();
  return slow;
}

describe("documents made to be expensive", () => {
  it("hold the loop for less than 50 ms each, and leave no memory behind", async () => {
    await slowBombs((handle) => handle);
    collect();
    const before = process.memoryUsage();
    expect(await slowBombs((handle) => handle)).toEqual([]);
    collect();
    const after = process.memoryUsage();
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(mostBytes);
  });

  it("would be found to hold it where the parser comes before the scan", async () => {
    expect(await slowBombs(parsesFirst, 1)).not.toEqual([]);
  });
});
