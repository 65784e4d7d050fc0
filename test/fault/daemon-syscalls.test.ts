import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import type { StreamEvent } from "../../lib/events/event.js";
import { type Answer, call, eventually, Unanswered } from "../support/daemon.js";
import { type Daemon, leftovers, newPlace, type Place, startProgram, startTicks } from "./support/store-daemon.js";
import type { Random } from "./support/store-random.js";
import { attached, hasStrace, persistenceCalls } from "./support/store-strace.js";
import { verifySound } from "./support/store-verify.js";
import { finds, holds } from "./support/trials.js";

/** What callers were told, and must find again. */
interface Told {
  readonly runs: Set<string>;
  /** Attachments with the digests of their bytes. */
  readonly files: Map<string, string>;
  readonly allowed: Set<string>;
  /** Statuses that no call may be answered, and calls that never were. */
  readonly wrong: string[];
}

const nobody = (): Told => ({ runs: new Set(), files: new Map(), allowed: new Set(), wrong: [] });

const ends = new Set(["completed", "failed", "canceled", "interrupted"]);
// What a daemon may answer while its disk fails it, and how it may end.
const answers = new Set([200, 201, 202, 404, 410, 500, 503, 507]);
// A question is held for 1.5 s, and no disk holds it, or any other call, for longer.
const longestCallMs = 30_000;
const exits = new Set<number | string>([0, 70, 74, 78]);
/** A shutdown has ten seconds, and a busy machine some more. */
const longestEndMs = 15_000;

/** Starts, uploads and questions, of which any may be cut off. */
async function work({ home: { socket } }: Place, told: Told, round: number, withinMs = longestCallMs): Promise<void> {
  const send = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer | undefined> => {
    const answer = await call(socket, path, { body, headers, withinMs }).catch((error: unknown) => {
      if (error instanceof Unanswered) told.wrong.push(error.message);
      return undefined;
    });
    if (answer && !answers.has(answer.status)) told.wrong.push(`${path} was answered ${answer.status} ${answer.text.slice(0, 200)}`);
    return answer;
  };
  const start = async (argv: readonly string[]): Promise<void> => {
    const answer = await send("/runs", { argv });
    if (answer?.status === 201) told.runs.add(answer.json.run_id);
  };
  const upload = async (text: string): Promise<void> => {
    const answer = await send("/attachments/raw?filename=a.txt", text, { "Content-Type": "text/plain" });
    if (answer?.status === 201) told.files.set(answer.json.id, createHash("sha256").update(JSON.stringify(text)).digest("hex"));
  };
  const ask = async (id: string): Promise<void> => {
    const options = ["allow", "deny"].map((one) => ({ id: one, title: one }));
    const asking = send("/questions/ask-blocking", { correlation_id: id, prompt: "May I?", options, timeout_ms: 1_500 });
    for (let look = 0; look < 40; look += 1) {
      const answer = await send("/answer", { correlation_id: id, option_id: "allow" });
      if (answer?.status !== 404) {
        if (answer?.status === 200) told.allowed.add(id);
        break;
      }
    }
    await asking;
  };
  await Promise.all([
    ...[["true"], ["sh", "-c", "echo a; sleep 60 & sleep 60"], ["sh", "-c", "echo b"]].map(start),
    ...["x".repeat(3_000), "y".repeat(200_000)].map(upload),
    ask(`pretool-toolu_${round}`),
  ]);
}

/** What of a home is not as callers were told, or not whole. */
async function verify({ home: { socket } }: Place, told: Told): Promise<string[]> {
  const wrong = [...told.wrong];
  for (const id of told.runs) {
    const { status, json } = await call(socket, `/runs/${id}`);
    if (status !== 200) {
      wrong.push(`${id} was acknowledged and is gone`);
      continue;
    }
    const log = await call(socket, `/runs/${id}/events?follow=false`, { headers: { Accept: "application/json" } });
    const events = log.json.events as StreamEvent[];
    if (events.some(({ seq }, at) => seq !== at + 1)) wrong.push(`${id} has events that are not 1 to n`);
    const count = events.filter(({ type }) => ends.has(type.slice("run.".length)) && type.startsWith("run.")).length;
    if (count !== (ends.has(json.status) ? 1 : 0)) wrong.push(`${id} is ${json.status} with ${count} ends`);
  }
  for (const [id, digest] of told.files) {
    const { status, text } = await call(socket, `/attachments/${id}`);
    if (createHash("sha256").update(text).digest("hex") !== digest) wrong.push(`the file ${id} is not what was sent: ${status}`);
  }
  for (const id of told.allowed) {
    const { json } = await call(socket, `/questions/${id}`);
    if (json.outcome !== "allowed" && json.option_id !== "allow") wrong.push(`${id} was allowed and is ${json.outcome}`);
  }
  return wrong;
}

/** The program that a tracer runs. */
function tracedBy(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ")[0]);
  } catch {
    return 0;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    if (pid > 1) process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}

/** Where a daemon meets its fault: from its beginning on, when it listens and works, or at the folder of an upload. */
const stages = ["start", "work", "upload"] as const;

/** A call that comes in that stage, and how often it is counted up to at most; strace counts each thread's for themselves. */
const callsOf: Readonly<Record<(typeof stages)[number], readonly (readonly [call: string, most: number])[]>> = {
  start: [
    ["pwrite64", 40],
    ["fsync", 5],
    ["ftruncate", 2],
    ["rename", 1],
  ],
  work: [
    ["pwrite64", 40],
    ["fsync", 10],
  ],
  upload: [["fsync", 1]],
};

type Fault = "signal=KILL" | `error=${string}`;

/** What came of a life, and whether it met its fault. */
interface Lived {
  readonly inject: string;
  readonly isMet: boolean;
  readonly violations: readonly string[];
}

/** A daemon that was killed at work; the next one meets the fault, in its recovery or at work; the one after must have all. */
async function life(random: Random, stage: (typeof stages)[number], fault: Fault, bug?: string): Promise<Lived> {
  const place = newPlace();
  const told = nobody();
  const [call, most] = random.pick(callsOf[stage]);
  const inject = `inject=${call}:${fault}:when=${random.between(1, most)}${fault === "signal=KILL" ? "" : "+"}`;
  const lived = (isMet: boolean, violations: readonly string[]): Lived => ({ inject: `${stage}, ${inject}`, isMet, violations });
  const started = async (daemon: Daemon): Promise<boolean> => (await daemon.listensAfterMs) >= 0;
  const log = join(place.root, "calls");
  const at = stage === "upload" ? ["-P", place.home.attachments] : [];
  const options = ["-o", log, ...at, "-e", `trace=${persistenceCalls.join(",")}`, "-e", inject];
  try {
    const first = startProgram(place);
    if (!(await started(first))) return lived(false, [`it does not start: ${first.said()}`]);
    await work(place, told, 0);
    await first.kill();
    const second = startProgram(place, { bug, ...(stage === "start" && { wrap: ["strace", "-f", "-qq", ...options] }) });
    // Without space for what it recovers it waits, and says so.
    const says = eventually(() => readFileSync(place.home.log, "utf8").includes("store.full") && ("waits" as const), 90_000);
    says.catch(() => {});
    const start = await Promise.race([started(second), says]);
    const traced = stage === "start" ? tracedBy(second.pid) : second.pid;
    const release = start === true && stage !== "start" ? await attached(traced, options) : undefined;
    if (start === true) await work(place, told, 1);
    const isGone = startTicks(traced) === undefined;
    // One that has met its fault ends by itself, or lives with it until it is asked to end.
    if (fault !== "signal=KILL") signal(traced, "SIGTERM");
    const force = (): void => {
      signal(traced, "SIGKILL");
      // The tracer would wait for what a killed daemon left behind, and that is for the next one to find.
      signal(second.pid, "SIGKILL");
    };
    if (fault === "signal=KILL") force();
    const late = setTimeout(force, longestEndMs);
    const end = await second.ended;
    clearTimeout(late);
    await release?.();
    const isMet = fault === "signal=KILL" ? isGone : readFileSync(log, "latin1").includes("(INJECTED)");
    // A start that still waits, for space, is cut short.
    const isCut = end === 1 && start === "waits";
    const wrongEnd =
      exits.has(end) || isCut || (end === "SIGKILL" && fault === "signal=KILL")
        ? []
        : [`it ended with ${end}: ${second.said().slice(-300)}`];
    const third = startProgram(place);
    if (!(await started(third))) return lived(isMet, [`it does not start after ${inject}: ${third.said()}`]);
    const left = leftovers(place, third);
    const wrong = [...wrongEnd, ...left, ...(await verify(place, told))];
    await third.kill();
    return lived(isMet, [...wrong, ...verifySound(place.home.store)]);
  } finally {
    place.remove();
  }
}

/** What is wrong with the calls to a daemon that has a bug. */
async function toldWith(bug: string): Promise<readonly string[]> {
  const place = newPlace();
  const told = nobody();
  try {
    const daemon = startProgram(place, { bug });
    if ((await daemon.listensAfterMs) >= 0) await work(place, told, 0, 5_000);
    await daemon.kill();
    return told.wrong;
  } finally {
    place.remove();
  }
}

/** Lives until one has met its fault in the stage: what never happened proves nothing. */
async function met(random: Random, index: number, fault: Fault, bug?: string): Promise<string[]> {
  const stage = stages[index % stages.length] ?? "work";
  for (let attempt = 0; attempt < 6; attempt += 1) {
    const { inject, isMet, violations } = await life(random, stage, fault, bug);
    if (isMet || violations.length > 0) return violations.map((violation) => `${inject}: ${violation}`);
  }
  return [`in none of six lives ${fault} was met in the stage ${stage}`];
}

describe.skipIf(!hasStrace)("a whole daemon at its system calls, while it recovers, starts children, takes files and asks", () => {
  it("has all that it acknowledged after it was killed there", async () => {
    await holds({ promise: "fault matrix: killed at a system call", short: 3, long: 60 }, (random, index) =>
      met(random, index, "signal=KILL"),
    );
  });

  it.each(["EIO", "ENOSPC", "EDQUOT"])("acknowledges nothing that failed there with %s", async (errno) => {
    await holds({ promise: `fault matrix: ${errno}`, short: 3, long: 40 }, (random, index) => met(random, index, `error=${errno}`));
  });

  it("is seen to be wrong when it commits a while after it acknowledged", async () => {
    const bug = "commits a while after it acknowledged";
    await finds(`${bug}, killed at a system call`, { within: 4, lanes: 2 }, async (random) =>
      (await met(random, 1, "signal=KILL", bug)).filter((found) => /is gone|was allowed and is|not what was sent/.test(found)),
    );
  });

  it("is seen to be wrong when it never answers a call", async () => {
    const bug = "never answers a question's call";
    await finds(bug, { within: 1, lanes: 1 }, async () =>
      (await toldWith(bug)).filter((found) => found.includes("ask-blocking was not answered")),
    );
  });
});

it.skipIf(hasStrace)("a whole daemon at its system calls (skipped: strace is not here or may not trace)", () => {});
