import { isAnodeError } from "../../../lib/errors.js";
import { localCaller } from "../../../lib/caller.js";
import type { Answer, DenyReason, Question } from "../../../lib/questions/schema.js";
import { approvalOptions } from "../../../lib/questions/judge.js";
import { expectEqual, expectTrue } from "../../../lib/testing/expect.js";
import { closeAll, createDeskBench, type DeskBench, type DeskProcess, type MakeDesk, recordOf } from "./desk-bench.js";

/** What can happen to an open approval that must not stay unattended. */
export const happenings = ["allow", "deny", "deadline", "cancel", "leave", "come", "grace", "shutdown", "restart"] as const;
export type Happening = (typeof happenings)[number];

/** How the happenings lie in time: in one tick, each after the commits of the one before, or while no commit gets through. */
export const timings = ["one tick", "one by one", "commits held"] as const;
export type Timing = (typeof timings)[number];

const run = "R-1";
const deadlineMs = 600_000;
const graceMs = 5_000;

interface Trial {
  readonly bench: DeskBench;
  readonly questionId: string;
  readonly timing: Timing;
  readonly make: MakeDesk;
  process: DeskProcess;
  readonly answers: { readonly option: "allow_once" | "deny"; readonly result: Promise<string> }[];
  /** What was heard by whoever asked. */
  heard: Answer | undefined;
}

/**
 * An approval meets the happenings in their order: it ends once, in its stream, in the feed and in its record alike, for
 * the reason of the first one that ends it; it allows only by a recorded allow; answers after the end are 410.
 */
export async function proveEndings(make: MakeDesk, order: readonly Happening[], timing: Timing): Promise<void> {
  const trial = await ask(make, timing);
  for (const happening of order) {
    const restarted = happen(trial, happening);
    // Only a new process takes time: not even a promise settles between two happenings of one tick.
    if (restarted) await restarted;
    if (timing === "one by one") await trial.bench.settle();
  }
  trial.process.store.releaseCommits();
  await trial.bench.settle();
  const { ending, won } = expectedEnd(order, timing);
  await check(trial, ending);
  await checkAnswers(trial, order, won);
}

async function ask(make: MakeDesk, timing: Timing): Promise<Trial> {
  const bench = createDeskBench([run]);
  const process = await bench.start(make);
  const { question, answer } = await process.desk.open({
    kind: "choice",
    scope: "tool_permission",
    prompt: "Run it?",
    options: [...approvalOptions],
    timeout_ms: deadlineMs,
    stream: `run:${run}`,
    owner: { run_id: run },
    unattended: "deny",
  });
  const trial: Trial = { bench, questionId: question.question_id, timing, make, process, answers: [], heard: undefined };
  void answer.then((heard) => (trial.heard = heard));
  if (timing === "commits held") process.store.holdCommits();
  return trial;
}

function happen(trial: Trial, happening: Happening): void | Promise<void> {
  const { bench, process, questionId } = trial;
  const close = (reason: DenyReason): void => void closeAll(process, run, reason);
  const answer = (option: "allow_once" | "deny"): void => {
    const result = process.desk.answer(questionId, { option_id: option }, localCaller).then((closed) => closed.status, codeOf);
    trial.answers.push({ option, result });
  };
  const presence = (present: boolean): void => {
    bench.present = present;
    process.desk.presenceChanged();
  };
  const act: Record<Happening, () => void | Promise<void>> = {
    allow: () => answer("allow_once"),
    deny: () => answer("deny"),
    deadline: () => bench.clock.pass(deadlineMs),
    grace: () => bench.clock.pass(graceMs),
    cancel: () => close("canceled"),
    leave: () => presence(false),
    come: () => presence(true),
    shutdown: () => {
      close("shutdown");
      process.desk.stop();
    },
    async restart() {
      process.kill();
      trial.process = await bench.start(trial.make);
      await closeAll(trial.process, run, "restart");
    },
  };
  return act[happening]();
}

/** The rule: the first happening that ends it does; what was not durable when the process died has not happened. */
function expectedEnd(order: readonly Happening[], timing: Timing): { ending: Answer | undefined; won: number } {
  let ending: Answer | undefined;
  let won = -1;
  let absent = false;
  let answers = 0;
  const denied = (reason: DenyReason): Answer => ({ outcome: "denied", decision: "deny", reason });
  for (const happening of order) {
    const isAnswer = happening === "allow" || happening === "deny";
    if (happening === "restart" && timing !== "one by one") [ending, won] = [undefined, -1];
    if (!ending) {
      if (happening === "allow") ending = { outcome: "answered", decision: "allow", option_id: "allow_once", by: "local" };
      if (happening === "deny") ending = { ...denied("denied"), option_id: "deny", by: "local" };
      if (happening === "deadline") ending = denied(absent ? "no_approver" : "timed_out");
      if (happening === "grace" && absent) ending = denied("no_approver");
      if (happening === "cancel") ending = denied("canceled");
      if (happening === "shutdown") ending = denied("shutdown");
      if (happening === "restart") ending = denied("restart");
      if (ending && isAnswer) won = answers;
    }
    if (happening === "leave") absent = true;
    if (happening === "come") absent = false;
    if (isAnswer) answers += 1;
  }
  return { ending, won };
}

async function check({ bench, questionId, heard }: Trial, ending: Answer | undefined): Promise<void> {
  const record = await recordOf(bench, questionId);
  const closings = (await Promise.all([`run:${run}`, "feed"].map((stream) => bench.events(stream)))).map((events) =>
    events.flatMap(({ type, payload }) => (type === "question.closed" ? [payload] : [])),
  );
  if (heard?.decision === "allow") expectEqual(record.decision, "allow", "The record of what was heard as allowed");
  if (!ending) {
    expectEqual([record.status, closings, heard], ["open", [[], []], undefined], "An open question");
    return;
  }
  const closed = { question_id: questionId, ...ending };
  expectEqual(closings, [[closed], [closed]], "The closing events of the run and of the feed");
  expectEqual([record.status, endingOf(record)], ["closed", ending], "The record");
  if (heard) expectEqual(heard, ending, "What was heard");
}

async function checkAnswers({ answers, heard }: Trial, order: readonly Happening[], won: number): Promise<void> {
  const restarted = order.includes("restart");
  for (const [index, { result }] of answers.entries()) {
    const outcome = await Promise.race([result, new Promise<string>((resolve) => setImmediate(() => resolve("pending")))]);
    if (index === won) expectEqual(outcome, "closed", "The answer that won");
    // A process that died answers nobody any more.
    else expectTrue(outcome === "question_closed" || (restarted && outcome === "pending"), `A late answer is refused, got ${outcome}`);
  }
  if (won >= 0) expectTrue(heard !== undefined, "The answer was heard");
}

function endingOf({ outcome, decision, option_id, reason, by }: Question): object {
  return {
    ...(outcome !== undefined && { outcome }),
    ...(decision !== undefined && { decision }),
    ...(option_id !== undefined && { option_id }),
    ...(reason !== undefined && { reason }),
    ...(by !== undefined && { by }),
  };
}

function codeOf(error: unknown): string {
  return isAnodeError(error) ? error.code : String(error);
}

/** All ways to put `count` of the happenings one after the other. */
export function ordersOf(count: number): readonly (readonly Happening[])[] {
  if (count === 0) return [[]];
  return ordersOf(count - 1).flatMap((order) => happenings.filter((one) => !order.includes(one)).map((one) => [...order, one]));
}
