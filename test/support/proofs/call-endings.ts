import { isAnodeError } from "../../../lib/errors.js";
import { localCaller } from "../../../lib/caller.js";
import { askAndWait } from "../../../lib/questions/ask-and-wait.js";
import type { OpenQuestion } from "../../../lib/questions/desk-types.js";
import type { Answer, AnswerInput } from "../../../lib/questions/schema.js";
import { expectEqual, expectTrue } from "../../../lib/testing/expect.js";
import { createDeskBench, type DeskBench, type DeskProcess, type MakeDesk, recordOf } from "./desk-bench.js";
import type { Timing } from "./question-endings.js";

/**
 * What can happen to an approval that calls wait for. `repeat` is the same call once more, `other` another one under its id; a disk
 * that is `full` is known to be, one that `fills` is found so by the next commit; a `jump` is one of the wall clock, by which nobody measures.
 */
export const callHappenings = [
  ...(["allow", "deny", "acknowledge", "deadline", "disconnect", "repeat", "other"] as const),
  ...(["shutdown", "restart", "full", "fills", "space", "jump ahead", "jump back"] as const),
] as const;
export type CallHappening = (typeof callHappenings)[number];

const id = "pretool-1234";
const deadlineMs = 45_000;
const probeMs = 1_000;
/** How far the wall clock jumps: far beyond the deadline. */
const jumpMs = 3_600_000;
const question: OpenQuestion = {
  id,
  owner: { peer_id: "peer-1" },
  asked_by: "token:T-1",
  kind: "choice",
  scope: "tool_permission",
  prompt: "Run it?",
  options: [
    { id: "allow", title: "Allow" },
    { id: "deny", title: "Deny" },
  ],
  timeout_ms: deadlineMs,
};
const answers: Readonly<Partial<Record<CallHappening, AnswerInput>>> = {
  allow: { option_id: "allow" },
  deny: { option_id: "deny" },
  acknowledge: { outcome: "acknowledged" },
};

interface Call {
  /** The process that holds it; none of a dead one is told anything any more. */
  readonly of: DeskProcess;
  readonly gone: AbortController;
  /** What the caller was told, or the code of the refusal. */
  told: Answer | string | undefined;
  readonly isOther: boolean;
}

interface Trial {
  readonly bench: DeskBench;
  readonly make: MakeDesk;
  readonly calls: Call[];
  readonly given: { readonly of: DeskProcess; readonly allows: boolean; result: string | undefined }[];
  process: DeskProcess;
}

/**
 * An approval that calls wait for meets the happenings in their order: nobody is told an allow that is not recorded as one
 * that somebody gave; it ends once; another content never gets its answer; after the next start it is closed.
 */
export async function proveCallEndings(make: MakeDesk, order: readonly CallHappening[], timing: Timing): Promise<void> {
  const bench = createDeskBench([]);
  const trial: Trial = { bench, make, calls: [], given: [], process: await bench.start(make) };
  ask(trial, false);
  await bench.settle();
  if (timing === "commits held") trial.process.store.holdCommits();
  for (const happening of order) {
    await happen(trial, happening);
    if (timing === "one by one") {
      await bench.settle();
      checkHeld(trial);
    }
  }
  trial.process.store.releaseCommits();
  await bench.settle();
  bench.clock.pass(probeMs);
  await bench.settle();
  const before = trial.calls.map(({ told }) => told);
  await happen(trial, "restart");
  await bench.settle();
  await check(trial, before);
  if (timing === "one by one" && !order.some((one) => one === "full" || one === "fills")) await checkEnding(trial, order);
}

function ask({ calls, process }: Trial, isOther: boolean): void {
  const call: Call = { of: process, gone: new AbortController(), told: undefined, isOther };
  calls.push(call);
  const asked = isOther ? { ...question, prompt: "Run something else?" } : question;
  askAndWait(process.desk, asked, call.gone.signal).then(
    ({ correlation_id: _id, ...answer }) => (call.told = answer),
    (error: unknown) => (call.told = isAnodeError(error) ? error.code : String(error)),
  );
}

async function happen(trial: Trial, happening: CallHappening): Promise<void> {
  const { bench, calls, given, process } = trial;
  const answer = answers[happening];
  if (answer) {
    const one = { of: process, allows: happening === "allow", result: undefined as string | undefined };
    given.push(one);
    process.desk.answer(id, answer, localCaller).then(
      ({ outcome }) => (one.result = outcome),
      (error: unknown) => (one.result = isAnodeError(error) ? error.code : String(error)),
    );
  }
  if (happening === "repeat" || happening === "other") ask(trial, happening === "other");
  if (happening === "deadline") bench.clock.pass(deadlineMs);
  if (happening === "jump ahead") bench.clock.jump(jumpMs);
  if (happening === "jump back") bench.clock.jump(-jumpMs);
  if (happening === "disconnect") calls.findLast(({ gone, isOther }) => !gone.signal.aborted && !isOther)?.gone.abort();
  if (happening === "shutdown") void process.desk.endCalls("shutdown").then(() => process.desk.stop());
  if (happening === "full" || happening === "fills") process.store.failCommits(1, "storage_full");
  if (happening === "full") process.journal.append({});
  if (happening === "space") bench.clock.pass(probeMs);
  if (happening === "restart") {
    process.kill();
    trial.process = await bench.start(trial.make);
  }
}

/** Nobody is held once the question is over, not by a disk without space either. */
function checkHeld({ calls, given, process }: Trial): void {
  if (process.desk.openCount > 0) return;
  expectTrue(!calls.some(({ of, told }) => of === process && told === undefined), "No call is held after the end");
  expectTrue(!given.some(({ of, result }) => of === process && result === undefined), "No answer is held after the end");
}

async function check({ bench, calls, given }: Trial, before: readonly (Answer | string | undefined)[]): Promise<void> {
  const record = await recordOf(bench, id);
  const closings = (await bench.events("feed")).filter(({ type }) => type === "question.closed");
  expectEqual(record.status, "closed", "A question after the next start");
  expectEqual(closings.length, 1, "The number of its ends");
  const [end] = closings;
  expectEqual([end?.payload["decision"], end?.payload["reason"] ?? "answered"], [record.decision, record.reason ?? "answered"], "Its end");
  const allowed = record.decision === "allow";
  if (allowed)
    expectTrue(given.some(({ allows }) => allows) && record.outcome === "answered" && record.option_id === "allow", "An allow is given");
  else expectEqual([record.outcome, record.decision], ["denied", "deny"], "An end that is no allow");
  for (const [index, { told, isOther }] of calls.entries()) {
    if (isOther) expectTrue(typeof told === "string" || told === undefined, `Another content is refused, got ${JSON.stringify(told)}`);
    expectEqual(told, before[index], "What a dead process told");
    if (typeof told === "object") expectEqual([told.decision, told.reason], [record.decision, record.reason], "What was told");
  }
  for (const { allows, result } of given) {
    if (result === "answered") expectTrue(allows && allowed, "An answer that was taken is recorded");
  }
}

/** One by one, the first that ends it does. */
async function checkEnding({ bench }: Trial, order: readonly CallHappening[]): Promise<void> {
  let waiting = 1;
  let ended: string | undefined;
  for (const happening of order) {
    if (ended !== undefined) break;
    if (happening === "repeat") waiting += 1;
    if (happening === "disconnect") waiting -= 1;
    if (happening in answers) ended = happening === "allow" ? "answered" : "denied";
    if (happening === "deadline") ended = "timed_out";
    if (happening === "disconnect" && waiting === 0) ended = "canceled";
    if (happening === "shutdown" || happening === "restart") ended = happening;
  }
  const { reason = "answered" } = await recordOf(bench, id);
  expectEqual(reason, ended ?? "restart", "The reason of the end");
}
