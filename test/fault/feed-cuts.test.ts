import { createParser } from "eventsource-parser";
import { describe, expect, it } from "vitest";
import type { Handle } from "../../adapters/http/index.js";
import { feedStream } from "../../lib/events/journal.js";
import { functionExecutor } from "../../lib/runs/function-executor.js";
import { offByOneCursor } from "../support/mutants/wrong-doors.js";
import { call, daemonPlace, daemonProcess, type DaemonProcess } from "../support/daemon.js";
import { readPart, type StreamServer, streamServer } from "./support/stream-server.js";
import { integerOf, randomOf, trials } from "./support/trials.js";

interface Event {
  readonly id: string;
  readonly data: string;
}

/** Where a reader of the feed is, and what it saw. */
interface Seen {
  readonly events: Event[];
  cursor: string;
  cuts: number;
}

/** One connection, cut after so many bytes; what is whole of it counts, a bare id moves the cursor. */
async function readOn(at: number | string, target: string, seen: Seen, leaveAfter: number): Promise<void> {
  const part = await readPart(at, target, `Last-Event-ID: ${seen.cursor}\r\n`, leaveAfter);
  if (part.status > 200) throw new Error(`Refused: ${part.status} ${part.body.toString()}`);
  if (part.cut) seen.cuts += 1;
  const body = part.body.toString();
  createParser({ onEvent: ({ id = "none", data }) => seen.events.push({ id, data }) }).feed(body);
  for (const [, id = ""] of body.slice(0, body.lastIndexOf("\n\n") + 2).matchAll(/^id: (\d+)$/gm)) seen.cursor = id;
}

async function linesOf({ manager }: StreamServer): Promise<string[]> {
  const page = await manager.store.read(feedStream, 0, 1 << 26);
  return new TextDecoder().decode(page.lines).split("\n").slice(0, -1);
}

/** Readers of a feed on which runs come and go, over cuts and restarts; what they lack or have too much. */
async function trial(rounds: number, random: () => number, wrap?: (handle: Handle) => Handle): Promise<{ cuts: number; faults: string[] }> {
  const server = await streamServer({ executor: functionExecutor(async () => "done"), concurrency: 8, ...(wrap && { wrap }) });
  const targets = ["/events/stream", "/events/stream?types=run.state", "/events/stream?types=question.asked"];
  const readers = targets.map((target) => ({ target, seen: { events: [], cursor: "0", cuts: 0 } as Seen }));
  let isOver = false;
  const readings = readers.map(async ({ target, seen }) => {
    const last = async (): Promise<number> => (await server.manager.store.read(feedStream, Number.MAX_SAFE_INTEGER, 1)).lastSeq;
    while (!isOver || (Number(seen.cursor) < (await last()) && seen.events.length < 2 * (await last()))) {
      const tail = isOver ? `${target.includes("?") ? "&" : "?"}follow=false` : "";
      // Beyond the opening, or nothing would ever be seen.
      await readOn(server.at, target + tail, seen, 30 + integerOf(random, isOver ? 4_000 : 900)).catch((error: unknown) => {
        if (!/Refused: 503/.test(String(error))) throw error;
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  for (let round = 0; round < rounds; round += 1) {
    const runs = await Promise.all(Array.from({ length: 25 }, () => server.manager.start({ prompt: "x" })));
    await Promise.all(runs.map((run) => run.done()));
    if (round % 2 === 1) await server.restart();
  }
  isOver = true;
  // Whoever waits for the next byte is let go.
  await server.restart();
  await Promise.all(readings);
  const lines = await linesOf(server);
  const faults = readers.flatMap(({ target, seen }) => {
    const wanted = target.includes("question") ? [] : lines.slice(0, seen.events.length);
    const wrong = seen.events.findIndex(({ id, data }, at) => id !== String(at + 1) || data !== wanted[at]);
    if (wrong >= 0) return [`${target}: event ${seen.events[wrong]?.id} at place ${wrong + 1}`];
    return !target.includes("question") && seen.events.length < rounds * 75 ? [`${target}: ${seen.events.length} events`] : [];
  });
  return { cuts: readers.reduce((sum, { seen }) => sum + seen.cuts, 0), faults };
}

describe("a reader of the feed that resumes by its last id", () => {
  it("sees every event once and in order, over cuts at any byte and over restarts, with a filter and without", async () => {
    const { seed, random } = randomOf("cuts of the feed");
    let cuts = 0;
    const wanted = trials(300, 20_000);
    while (cuts < wanted) {
      const round = await trial(4, random);
      cuts += round.cuts;
      expect(round.faults).toEqual([]);
      expect(round.cuts).toBeGreaterThan(20);
    }
    console.log(`${cuts} cuts, 0 violations, seed ${seed}`);
  });

  it("would miss what a door does that takes a cursor for the event before it: the check finds it", async () => {
    const { random } = randomOf("wrong doors");
    expect((await trial(1, random, offByOneCursor)).faults).not.toEqual([]);
  });
});

describe("a reader of the feed of a daemon that is killed by force", () => {
  it("goes on by its last id after the restart: every event once, the ends of what was interrupted among them", async () => {
    const { random } = randomOf("kills");
    for (let kill = 0; kill < trials(1, 40); kill += 1) {
      const place = daemonPlace();
      let daemon: DaemonProcess = daemonProcess(place);
      await daemon.listens;
      const { socket } = place.home;
      const start = (script: string) => call(socket, "/runs", { body: { argv: ["/bin/sh", "-c", script] } });
      const { run_id } = (await start("sleep 60")).json;
      for (let run = 0; run < 8; run += 1) await start("true");
      const seen: Seen = { events: [], cursor: "0", cuts: 0 };
      while (seen.events.length < 12) await readOn(socket, "/events/stream", seen, 30 + integerOf(random, 900));
      daemon.child.kill("SIGKILL");
      await daemon.ended;
      daemon = daemonProcess(place);
      await daemon.listens;
      for (let run = 0; run < 4; run += 1) await start("true");
      const isWhole = async (): Promise<boolean> => {
        const { json } = await call(socket, "/runs?status=active");
        const { last_seq } = (await call(socket, "/events?tail=0")).json;
        return json.runs.length === 0 && Number(seen.cursor) === last_seq;
      };
      while (!(await isWhole())) await readOn(socket, "/events/stream?follow=false", seen, 30 + integerOf(random, 2_000));
      const { events } = (await call(socket, "/events?after=0&limit=1000")).json;
      expect(seen.events).toEqual(events.map((event: { seq: number }) => ({ id: String(event.seq), data: JSON.stringify(event) })));
      expect(seen.events.map(({ id }) => id)).toEqual(seen.events.map((_, at) => String(at + 1)));
      expect(seen.events.filter(({ data }) => data.includes(run_id) && data.includes('"to":"interrupted"'))).toHaveLength(1);
    }
  });
});
