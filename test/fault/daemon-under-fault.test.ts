import { createHash } from "node:crypto";
import { chownSync } from "node:fs";
import { connect as connectNet } from "node:net";
import { setTimeout as later } from "node:timers/promises";
import { describe, it } from "vitest";
import { connect } from "../../adapters/client/index.js";
import type { StreamEvent } from "../../lib/events/event.js";
import { call, eventually } from "../support/daemon.js";
import { survivors } from "../support/process-tree.js";
import { type Daemon, follow, leftovers, newPlace, type Place, startProgram } from "./support/store-daemon.js";
import type { Random } from "./support/store-random.js";
import { hasStrace, slowedDown } from "./support/store-strace.js";
import { finds, holds } from "./support/trials.js";

// Cells of the fault matrix that no other test has: a whole daemon, with everything under way at once.

const counting = ["sh", "-c", "i=0; while [ $i -lt 150 ]; do echo $i; i=$((i+1)); sleep 0.01; done"];
const deaf = ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"];
const options = ["allow", "deny"].map((id) => ({ id, title: id }));

const syncMs = 400;

/** Everything under way: a run that talks and its reader, one to be canceled, a peer over its socket, a question. */
async function underWay({ home: { socket } }: Place, { questionMs }: { questionMs: number }) {
  const start = async (argv: readonly string[]): Promise<string> => (await call(socket, "/runs", { body: { argv } })).json.run_id;
  const [talker, sleeper] = [await start(counting), await start(["sleep", "60"])];
  const events: StreamEvent[] = [];
  const read = follow(socket, talker, (event) => events.push(event));
  const client = await connect({ socketPath: socket, env: {} });
  const got: string[] = [];
  const peer = client.connectPeer({ backend: "service", name: "hearer" }, { notify: ({ text }) => void got.push(text) });
  peer.ended.catch(() => {});
  await peer.ready;
  const question = "pretool-toolu_1";
  const body = { correlation_id: question, prompt: "May I?", options, timeout_ms: questionMs };
  const asking = call(socket, "/questions/ask-blocking", { body }).catch(() => undefined);
  await eventually(async () => (await call(socket, `/questions/${question}`)).status === 200);
  await eventually(() => events.some(({ type }) => type === "process.output"));
  return { talker, sleeper, events, read, got, question, asking, leave: () => client.close() };
}

const textOf = (events: readonly StreamEvent[]): string =>
  events.map(({ type, payload }) => (type === "process.output" ? String(payload["text"]) : "")).join("");
const allNumbers = Array.from({ length: 150 }, (_, n) => `${n}\n`).join("");

/** What is wrong after a daemon stood still for a while, and went on. */
async function stopped(bug?: string): Promise<string[]> {
  const place = newPlace();
  const { socket } = place.home;
  const wrong: string[] = [];
  const check = (isRight: boolean, violation: string): void => void (isRight || wrong.push(violation));
  try {
    const daemon = startProgram(place, { bug });
    if ((await daemon.listensAfterMs) < 0) return [`it does not start: ${daemon.said()}`];
    const { talker, sleeper, events, read, got, question, asking, leave } = await underWay(place, { questionMs: 600 });
    process.kill(daemon.pid, "SIGSTOP");
    // What is sent to it now waits in its sockets.
    const canceling = call(socket, `/runs/${sleeper}`, { method: "DELETE" });
    const telling = call(socket, "/notify", { body: { to_peer: "hearer", text: "while it stood" } });
    await later(1_000);
    const answering = call(socket, "/answer", { body: { correlation_id: question, option_id: "allow" } });
    await later(100);
    process.kill(daemon.pid, "SIGCONT");
    const [canceled, told, answered] = await Promise.all([canceling, telling, answering]);
    await asking;
    await read;
    check(canceled.status === 200, `the cancel was answered ${canceled.status}`);
    check(survivors(`.${sleeper}`).size === 0, "what was canceled is still there");
    check([200, 202].includes(told.status), `the message was answered ${told.status}`);
    await eventually(() => got.length > 0).catch(() => {});
    check(got.join() === "while it stood", `the peer got ${got.length} messages: ${got.join()}`);
    const { json } = await call(socket, `/questions/${question}`);
    check(json.outcome === "denied" && json.reason === "timed_out", `the question ended ${json.outcome} ${json.reason}`);
    check(answered.status === 410, `the late answer was answered ${answered.status}`);
    check(textOf(events) === allNumbers, "output is missing, or there twice");
    check(events.at(-1)?.type === "run.completed", `the talker's stream ended with ${events.at(-1)?.type}`);
    const log = await call(socket, `/runs/${talker}/events?follow=false&limit=1000`, { headers: { Accept: "application/json" } });
    check(JSON.stringify(log.json.events) === JSON.stringify(events), "what was read live is not what is stored");
    await leave();
    await daemon.kill();
    return wrong;
  } catch (error) {
    return [...wrong, String(error)];
  } finally {
    place.remove();
  }
}

describe("a daemon that is stopped and goes on (F8)", () => {
  it("goes on with streams, sockets, runs and cancels, and lets no deadline pass unseen", async () => {
    await holds({ promise: "fault matrix: a stopped daemon", short: 1, long: 20 }, () => stopped());
  });

  it("is seen to be wrong when it records an allow where the time was up", async () => {
    const bug = "allows what timed out";
    await finds(bug, { within: 1, lanes: 1 }, async () => (await stopped(bug)).filter((found) => found.startsWith("the question ended")));
  });
});

/** What is wrong when a daemon whose syncs take their time has to cancel, to answer, to write on and to end. */
async function slow(bug?: string): Promise<string[]> {
  const place = newPlace();
  const { socket } = place.home;
  const wrong: string[] = [];
  const check = (isRight: boolean, violation: string): void => void (isRight || wrong.push(violation));
  try {
    const first = startProgram(place, { bug });
    if ((await first.listensAfterMs) < 0) return [`it does not start: ${first.said()}`];
    const { sleeper, events, got, question, asking, read, leave } = await underWay(place, { questionMs: 50_000 });
    const release = await slowedDown(first.pid, syncMs);
    const from = performance.now();
    const canceling = call(socket, `/runs/${sleeper}`, { method: "DELETE" });
    const answered = await call(socket, "/answer", { body: { correlation_id: question, option_id: "allow" } });
    check(performance.now() - from >= syncMs, "the answer was acknowledged before the disk had it");
    const canceled = await canceling;
    // At once after the words: what was said must be there.
    const killed = first.kill();
    check([200, 202].includes(canceled.status), `the cancel was answered ${canceled.status}`);
    check(answered.status === 200, `the answer was answered ${answered.status}`);
    await Promise.all([killed, asking, read]);
    await release();
    const second = startProgram(place);
    if ((await second.listensAfterMs) < 0) return [`it does not start again: ${second.said()}`];
    check(leftovers(place, second).length === 0, "a process is left");
    const { status } = (await call(socket, `/runs/${sleeper}`)).json;
    check(status === "canceled" || (canceled.status === 202 && status === "interrupted"), `the canceled run is ${status}`);
    const { json } = await call(socket, `/questions/${question}`);
    check(json.outcome === "allowed" || json.option_id === "allow", `the question is ${json.outcome} ${json.reason}`);
    check(events.length > 0 && events.every(({ seq }, at) => seq === at + 1), "the stream has a hole");
    // The peer comes back by itself.
    await call(socket, "/notify", { body: { to_peer: "hearer", text: "again" } });
    check(await eventually(() => got.includes("again")).catch(() => false), `the peer got ${got.join()}`);
    await leave();
    // And one that has to end while its disk is slow.
    const start = await call(socket, "/runs", { body: { argv: ["sleep", "60"] } });
    const undo = await slowedDown(second.pid, syncMs);
    const asked = performance.now();
    second.child.kill("SIGTERM");
    const end = await second.ended;
    check(end === 0 && performance.now() - asked < 10_000, `it ended with ${end} after ${Math.round(performance.now() - asked)} ms`);
    check(survivors(`.${start.json.run_id}`).size === 0, "a child outlived it");
    await undo();
    return wrong;
  } catch (error) {
    return [...wrong, String(error)];
  } finally {
    place.remove();
  }
}

describe.skipIf(!hasStrace)("a daemon whose disk is slow (F5)", () => {
  it("has what it said of cancels and answers, and ends in order", async () => {
    await holds({ promise: "fault matrix: slow disk", short: 1, long: 20, lanes: 2 }, () => slow());
  });

  it("is seen to be wrong when it says it before the disk has it", async () => {
    const bug = "commits a while after it acknowledged";
    await finds(`${bug}, cancel and answer`, { within: 3, lanes: 1 }, async () =>
      (await slow(bug)).filter((found) => /^the (canceled run|question) is/.test(found)),
    );
  });
});

/** What is wrong with a daemon that serves everybody with few descriptors or little memory. */
async function scarce(wrap: readonly string[], env: Readonly<Record<string, string>> = {}, crowdSize = 400): Promise<string[]> {
  const plain = newPlace();
  const place = { ...plain, env: { ...plain.env, ...env } };
  const { socket } = place.home;
  const wrong: string[] = [];
  const check = (isRight: boolean, violation: string): void => void (isRight || wrong.push(violation));
  try {
    const daemon = startProgram(place, { wrap, flags: [] });
    if ((await daemon.listensAfterMs) < 0) return [`it does not start: ${daemon.said().slice(-300)}`];
    const { talker, events, read, got, asking, question, leave } = await underWay(place, { questionMs: 50_000 });
    const port = Number(new URL(/http:\/\/[^\s]+/.exec(daemon.said())?.[0] ?? "").port);
    const crowd = Array.from({ length: crowdSize }, () => connectNet(port, "127.0.0.1").on("error", () => {}));
    const bytes = "z".repeat(8 << 20);
    const upload = await call(socket, "/attachments/raw?filename=z.txt", { body: bytes, headers: { "Content-Type": "text/plain" } });
    check(upload.status === 201, `the upload was answered ${upload.status}`);
    const back = await call(socket, `/attachments/${upload.json?.id}`);
    const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
    check(digest(back.text) === digest(JSON.stringify(bytes)), `the file came back with ${back.status}, ${back.text.length} characters`);
    for (const n of [1, 2, 3]) await call(socket, "/notify", { body: { to_peer: "hearer", text: `note ${n}` } });
    await eventually(() => got.length === 3).catch(() => {});
    check(got.join() === "note 1,note 2,note 3", `the peer got ${got.join()}`);
    const answered = await call(socket, "/answer", { body: { correlation_id: question, option_id: "allow" } });
    check(answered.status === 200, `the answer was answered ${answered.status}`);
    await Promise.all([asking, read]);
    check(textOf(events) === allNumbers, "output is missing, or there twice");
    const replay: StreamEvent[] = [];
    await follow(socket, talker, (event) => replay.push(event));
    check(JSON.stringify(replay) === JSON.stringify(events), "a replay is not what was read live");
    for (const one of crowd) one.destroy();
    check(daemon.child.exitCode === null, `it ended with ${daemon.child.exitCode}`);
    await leave();
    await daemon.kill();
    // And its recovery, with no more than that.
    const next = startProgram(place, { wrap, flags: [] });
    if ((await next.listensAfterMs) < 0) return [...wrong, `it does not recover: ${next.said().slice(-300)}`];
    check((await call(socket, `/runs/${talker}`)).json.status === "completed", "the run is gone after the recovery");
    await next.kill();
    return wrong;
  } catch (error) {
    return [...wrong, String(error)];
  } finally {
    plain.remove();
  }
}

// The kernel counts no processes of root's: the daemon is somebody of its own then, who may still read where root keeps the program.
const somebody = 31_415;
const canBeSomebody = process.platform === "linux" && process.getuid?.() === 0;
const fewProcesses = [
  ...["prlimit", "--nproc=40", "setpriv", `--reuid=${somebody}`, `--regid=${somebody}`, "--clear-groups"],
  ...["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override", "--bounding-set=-all,+dac_override"],
];

/** What is wrong when 60 runs begin at once in a daemon that may have 40 processes and threads. */
async function crowded(): Promise<string[]> {
  const place = newPlace({ daemon: { concurrency: 60 } });
  const { socket, path, config } = place.home;
  for (const own of [place.root, path, config]) chownSync(own, somebody, somebody);
  const ended = async (argv: readonly string[]) => {
    const { status, json } = await call(socket, "/runs", { body: { argv } });
    if (status !== 201) throw new Error(`A start was answered ${status}: ${json.detail}`);
    return (await call(socket, `/runs/${json.run_id}/wait?timeout_ms=30000`)).json;
  };
  try {
    const daemon = startProgram(place, { wrap: fewProcesses });
    if ((await daemon.listensAfterMs) < 0) return [`it does not start: ${daemon.said()}`];
    const runs = await Promise.all(Array.from({ length: 60 }, () => ended(["sleep", "1"])));
    const refused = runs.filter(({ error_code, error }) => error_code === "spawn_failed" && String(error).includes("EAGAIN"));
    console.log(`fault matrix: of 60 runs in 40 processes ${refused.length} could not begin`);
    const wrong = runs
      .filter((run) => run.status !== "completed" && !refused.includes(run))
      .map(({ status, error_code, error }) => `a run ended ${status} ${error_code}: ${error}`);
    if (refused.length === 0 || refused.length === 60) wrong.push(`${refused.length} of 60 could not begin`);
    const next = await ended(["true"]);
    if (next.status !== "completed") wrong.push(`one that has room ended ${next.status}: ${next.error}`);
    await daemon.kill();
    return wrong;
  } catch (error) {
    return [String(error)];
  } finally {
    place.remove();
  }
}

const heapOf = (MiB: number) => ({ NODE_OPTIONS: `--max-old-space-size=${MiB}` });

describe("a daemon that has little (F14, F15, F16)", () => {
  it.skipIf(process.platform !== "linux")("serves streams, sockets, uploads and its recovery with 256 descriptors", async () => {
    await holds({ promise: "fault matrix: descriptors", short: 1, long: 20 }, () => scarce(["prlimit", "--nofile=256"]));
  });

  it.skipIf(!canBeSomebody)("says of which runs the system has no process, and begins others when there is one", async () => {
    await holds({ promise: "fault matrix: processes", short: 1, long: 20 }, crowded);
  });

  it("does so with a heap of 40 MiB", async () => {
    await holds({ promise: "fault matrix: memory", short: 1, long: 20 }, () => scarce([], heapOf(40), 100));
  });

  it("would be found wanting with a heap that nothing can live in", async () => {
    await finds("too small a heap", { within: 1, lanes: 1 }, () => scarce([], heapOf(9), 100));
  });
});

/** What is wrong when a daemon is killed while it ends, and while it cancels. */
async function killedAtTheEnd(random: Random, bug?: string): Promise<string[]> {
  const place = newPlace({ daemon: { limits: { graceMs: 300, killMs: 300 } } });
  const { socket } = place.home;
  try {
    const first = startProgram(place, { bug });
    if ((await first.listensAfterMs) < 0) return [`it does not start: ${first.said()}`];
    const start = async (): Promise<string> => (await call(socket, "/runs", { body: { argv: deaf } })).json.run_id;
    const ids = [await start(), await start(), await start()];
    const canceling = call(socket, `/runs/${ids[0]}`, { method: "DELETE" }).catch(() => undefined);
    if (random.chance(0.5)) await later(random.int(400));
    first.child.kill("SIGTERM");
    await later(random.int(400));
    await first.kill();
    const canceled = await canceling;
    const second = startProgram(place, { bug });
    if ((await second.listensAfterMs) < 0) return [`it does not start again: ${second.said()}`];
    const wrong = leftovers(place, second);
    for (const id of ids) {
      const { json } = await call(socket, `/runs/${id}/events?follow=false`, { headers: { Accept: "application/json" } });
      const ends = (json.events as StreamEvent[]).filter(({ type }) => /^run\.(canceled|interrupted|failed|completed)$/.test(type));
      if (ends.length !== 1 || json.events.at(-1) !== ends[0]) wrong.push(`${id} has ${ends.length} ends`);
      if (id === ids[0] && canceled?.status === 200 && ends[0]?.type !== "run.canceled") wrong.push(`its cancel is gone: ${ends[0]?.type}`);
    }
    await second.kill();
    return wrong;
  } finally {
    place.remove();
  }
}

/** What is wrong when a daemon ends while a child of its is stopped, and another daemon already waits for its place. */
async function relieved(): Promise<string[]> {
  const place = newPlace();
  const { socket } = place.home;
  try {
    const first = startProgram(place);
    if ((await first.listensAfterMs) < 0) return [`it does not start: ${first.said()}`];
    const { json } = await call(socket, "/runs", { body: { argv: ["sh", "-c", "kill -STOP $$; sleep 60"] } });
    await eventually(() => survivors(`.${json.run_id}`).size > 0);
    await later(50);
    const ends = first.ended;
    first.child.kill("SIGTERM");
    // Whoever comes while it ends is turned away by name, or comes after it.
    const wrong: string[] = [];
    let next: Daemon | undefined;
    while (!next) {
      const other = startProgram(place);
      if ((await other.listensAfterMs) >= 0) next = other;
      else if ((await other.ended) !== 75 || !other.said().includes(String(first.pid))) wrong.push(`turned away with: ${other.said()}`);
    }
    const isOver = first.child.exitCode !== null || first.child.signalCode !== null;
    if (!isOver) wrong.push("two daemons listened for one home");
    if ((await ends) !== 0) wrong.push(`it ended with ${await ends}`);
    if (survivors(`.${json.run_id}`).size > 0) wrong.push("the stopped child is left");
    const { status } = (await call(socket, `/runs/${json.run_id}`)).json;
    if (status !== "interrupted") wrong.push(`the run with the stopped child is ${status}`);
    await next.kill();
    return wrong;
  } finally {
    place.remove();
  }
}

describe("the end of a daemon", () => {
  it("may be cut off by kill -9, amid a cancel too (F1): one end for each run, and nothing is left", async () => {
    await holds({ promise: "fault matrix: killed at the end", short: 2, long: 40, lanes: 2 }, (random) => killedAtTheEnd(random));
  });

  it("is seen to be wrong when the next one accepts before it has swept", async () => {
    const bug = "accepts before sweeping";
    await finds(`${bug}, killed at the end`, { within: 4, lanes: 2 }, async (random) =>
      (await killedAtTheEnd(random, bug)).filter((found) => found.includes("is left")),
    );
  });

  it("comes in time with a child that is stopped (F9), and before another takes its place (F17)", async () => {
    await holds({ promise: "fault matrix: relieved", short: 1, long: 20 }, () => relieved());
  });
});
