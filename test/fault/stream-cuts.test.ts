import { createParser } from "eventsource-parser";
import { describe, expect, it } from "vitest";
import type { Handle } from "../../adapters/http/index.js";
import { functionExecutor } from "../../lib/runs/function-executor.js";
import { lastEventTwice, offByOneCursor } from "../support/mutants/wrong-doors.js";
import { stringCorpus } from "./corpus/strings.js";
import { type Part, readPart, type StreamServer, streamServer } from "./support/stream-server.js";
import { integerOf, randomOf, trials } from "./support/trials.js";

const eventsPerRun = trials(100, 500);
const texts = stringCorpus.filter((text) => text.length < 300);

/** Says awkward things in bursts, so that readers are now behind and now waiting. */
const talker = (random: () => number) =>
  functionExecutor(async ({ emit, signal }) => {
    for (let n = 0; n < eventsPerRun && !signal.aborted; n += 1) {
      const emitted = emit("assistant.message", { message_id: `m${n}`, text: texts[integerOf(random, texts.length)] as string });
      if (random() < 0.3) await emitted;
      if (random() < 0.1) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });

interface Seen {
  readonly events: { readonly id: string; readonly data: string }[];
  cuts: number;
}

/** Reads a run to its end, cutting the connection wherever chance wants. */
async function readThrough(server: StreamServer, id: string, random: () => number): Promise<Seen> {
  const seen: Seen = { events: [], cuts: 0 };
  for (;;) {
    const cursor = seen.events.at(-1)?.id ?? "0";
    // Mostly within an event or two; now and then enough for the longest one.
    const leaveAfter = 1 + integerOf(random, random() < 0.8 ? 400 : 4_000);
    const part: Part = await readPart(server.at, `/runs/${id}/events`, `Last-Event-ID: ${cursor}\r\n`, leaveAfter);
    if (part.status === 204) return seen;
    if (part.status > 204) throw new Error(`Refused: ${part.status} ${part.body.toString()}`);
    if (part.cut) seen.cuts += 1;
    const parser = createParser({ onEvent: ({ id: seq, data }) => seen.events.push({ id: seq ?? "none", data }) });
    parser.feed(part.body.toString());
    if (seen.events.length > 2 * eventsPerRun) return seen;
  }
}

/** What a reader's events lack or have too much, compared with the log; nothing when they are the same. */
async function faultsOf({ manager }: StreamServer, id: string, { events }: Seen): Promise<string[]> {
  const page = await manager.store.read(`run:${id}`, 0, 1 << 26);
  const lines = new TextDecoder().decode(page.lines).split("\n").slice(0, -1);
  const faults = events.length === lines.length ? [] : [`${events.length} events of ${lines.length}`];
  const wrong = events.findIndex((event, at) => event.id !== String(at + 1) || event.data !== lines[at]);
  if (wrong >= 0) faults.push(`event ${events[wrong]?.id} at place ${wrong + 1}`);
  const ends = events.filter(({ data }) => /"type":"run\.(completed|failed|canceled|interrupted)"/.test(data));
  if (ends.length !== 1 || ends[0] !== events.at(-1)) faults.push(`${ends.length} terminal events`);
  return faults;
}

/** Rounds of runs with a reader each, every second one over a restart. */
async function trial(rounds: number, random: () => number, wrap?: (handle: Handle) => Handle): Promise<{ cuts: number; faults: string[] }> {
  const server = await streamServer({ executor: talker(random), concurrency: 8, ...(wrap && { wrap }) });
  let cuts = 0;
  const faults: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const runs = await Promise.all(Array.from({ length: 4 }, () => server.manager.start({ prompt: "talk" })));
    const readings = runs.map(({ id }) => readThrough(server, id, random));
    if (round % 2 === 1) await server.restart();
    for (const [at, seen] of (await Promise.all(readings)).entries()) {
      cuts += seen.cuts;
      faults.push(...(await faultsOf(server, runs[at]?.id ?? "", seen)));
    }
  }
  return { cuts, faults };
}

describe("a reader that resumes by its last id", () => {
  it("sees every event once and in order, the terminal one last, over cuts at any byte and over restarts", async () => {
    const { seed, random } = randomOf("cuts");
    let cuts = 0;
    const wanted = trials(2_000, 100_000);
    while (cuts < wanted) {
      const round = await trial(4, random);
      cuts += round.cuts;
      expect(round.faults).toEqual([]);
      expect(round.cuts).toBeGreaterThan(50);
    }
    console.log(`${cuts} cuts, 0 violations, seed ${seed}`);
  });

  it.for([
    ["takes a cursor for the event before it", offByOneCursor],
    ["ends a stream twice", lastEventTwice],
  ] as const)("would miss what a door does that %s: the check finds it", async ([, wrap]) => {
    const { random } = randomOf("wrong doors");
    expect((await trial(1, random, wrap)).faults).not.toEqual([]);
  });
});
