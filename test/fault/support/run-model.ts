import { isAnodeError } from "../../../lib/errors.js";
import type { StreamEvent } from "../../../lib/events/event.js";
import type { RunContext } from "../../../lib/runs/executor.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { RunManager } from "../../../lib/runs/manager.js";
import type { RunSummary } from "../../../lib/runs/schema.js";
import { isTerminal, transition } from "../../../lib/runs/transitions.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Store } from "../../../lib/store/store.js";
import { createFaultyStore } from "../../../lib/testing/faulty-store.js";
import { createTestHost } from "../../../lib/testing/test-host.js";
import { createRandom, type Random } from "./random.js";

export interface ModelOptions {
  readonly seed: number;
  readonly steps: number;
  /** Puts a wrong store between the manager and the right one. */
  readonly wrap?: (store: Store) => Store;
}

/** What a run of the model found. */
export interface ModelReport {
  readonly trials: number;
  readonly ended: number;
  readonly violations: readonly string[];
}

const concurrency = 3;
const childConcurrency = 4;
const queueLimit = 12;
/** Refusals that random calls are meant to meet; anything else is a violation. */
const expectedRefusals = new Set([
  "run_not_found",
  "run_finished",
  "queue_full",
  "parent_finished",
  "parent_not_found",
  "tree_limit",
  "unsupported_option",
  "input_full",
  "input_not_found",
  "input_delivered",
  "question_not_found",
  "question_closed",
  "storage_full",
  "aborted",
]);

interface Held {
  readonly context: RunContext;
  readonly finish: (text?: string) => void;
  readonly fail: (error: Error) => void;
}

/** Drives a manager with random operations and holds what it says against what must be true of every run. */
export async function runModel({ seed, steps, wrap = (store) => store }: ModelOptions): Promise<ModelReport> {
  const random = createRandom(seed);
  const world = await openWorld(wrap);
  for (let step = 0; step < steps && world.violations.length === 0; step += 1) {
    operate(world, random);
    // Most steps let promises settle, some pile up within one turn.
    if (random.chance(0.8)) await turn();
    if (step % 500 === 499) {
      await settle(world, random.chance(0.5));
      forget(world);
    }
  }
  await settle(world, true);
  await world.manager.close();
  return { trials: steps, ended: world.ended.size, violations: world.violations };
}

type World = Awaited<ReturnType<typeof openWorld>>;

async function openWorld(wrap: (store: Store) => Store) {
  const host = createTestHost();
  const faulty = createFaultyStore(createMemoryStore());
  const held = new Map<string, Held>();
  const logs = new Map<string, StreamEvent[]>();
  const ended = new Set<string>();
  const violations: string[] = [];
  /** Questions that were answered with an allow, by their prompts. */
  const allowed = new Set<string>();
  const executor = functionExecutor(async (context) => {
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    held.set(context.run.id, { context, finish: resolve, fail: reject });
    context.signal.addEventListener("abort", () => resolve(undefined));
    try {
      return await promise;
    } finally {
      held.delete(context.run.id);
    }
  });
  const manager = new RunManager({
    executors: { main: executor },
    profiles: { craft: { executor: "main" } },
    store: wrap(faulty),
    host,
    concurrency,
    childConcurrency,
    queueLimit,
    retention: { keep: 40 },
  });
  await manager.open();
  manager.on("event", (event) => note(event));

  /** What is told, in the order in which it is told: gapless, lawful, ended once. */
  function note(event: StreamEvent): void {
    const id = event.run_id ?? "";
    const log = logs.get(id) ?? [];
    logs.set(id, log);
    if (event.seq !== log.length + 1) violations.push(`${id}: seq ${event.seq} was told after ${log.length}`);
    if (ended.has(id)) violations.push(`${id}: ${event.type} was told after the end`);
    log.push(event);
    if (isTerminal(event.status ?? "")) ended.add(id);
  }
  return { host, faulty, manager, held, logs, ended, violations, allowed };
}

/** One random operation. What it answers is looked at when it has answered. */
function operate(world: World, random: Random): void {
  const { manager, held, faulty, host } = world;
  const ids = [...world.logs.keys()].slice(-30);
  const id = random.pick(ids) ?? "R-0000000000000000000_1";
  const live = random.pick([...held.keys()]);
  const worker = live === undefined ? undefined : held.get(live);
  const kind = random.below(100);
  if (kind < 22) tried(world, manager.start({ prompt: "x", key: random.pick(["a", "b", "c"]) as string, priority: random.below(3) }));
  else if (kind < 28) tried(world, manager.start({ prompt: "c", parent_id: id, cancel_policy: random.chance(0.3) ? "detach" : "cascade" }));
  else if (kind < 40) worker?.finish("done");
  else if (kind < 43) worker?.fail(new Error("broken"));
  else if (kind < 55) tried(world, worker?.context.emit("assistant.message", { message_id: "m", text: "t" }));
  else if (kind < 58)
    for (let n = 0; n < 40; n += 1) tried(world, worker?.context.emit("process.output", { stream: "stdout", text: "x\n" }));
  else if (kind < 66) tried(world, manager.cancel(id));
  else if (kind < 72) ask(world, live, worker, random);
  else if (kind < 78) answer(world, random);
  else if (kind < 82) tried(world, manager.input(id, { text: "more", delivery: random.chance(0.5) ? "steer" : "queue" }));
  else if (kind < 84) tried(world, manager.withdraw(id, `I-${random.below(3)}`));
  else if (kind < 86) void worker?.context.input.take("steer")?.[random.chance(0.5) ? "delivered" : "putBack"]();
  else if (kind < 90) read(world, id, random);
  else if (kind < 93) host.clock.jump(random.chance(0.5) ? -5_000 : 5_000);
  else if (kind < 95) void host.clock.advance(random.below(20_000));
  else if (kind < 97) faulty.holdCommits();
  else if (kind < 99) faulty.releaseCommits();
  else faulty.failCommits(1 + random.below(2), "storage_full");
}

function tried(world: World, call: Promise<unknown> | undefined): void {
  call?.catch((error: unknown) => {
    if (!isAnodeError(error) || !expectedRefusals.has(error.code)) world.violations.push(`an unexpected refusal: ${String(error)}`);
  });
}

/** Asks for an approval: whatever ends it, it allows only if an answer allowed. */
function ask(world: World, run: string | undefined, worker: Held | undefined, random: Random): void {
  if (run === undefined || !worker) return;
  const prompt = `?${random.below(1e9)}`;
  const asked = worker.context.ask({ kind: "choice", scope: "tool_permission", prompt, timeout_ms: 10_000 });
  asked.then(
    (ending) => {
      const isAllowed = ending.decision === "allow";
      const wasAllowed = world.allowed.has(prompt);
      if (isAllowed && !(wasAllowed && ending.outcome === "answered")) world.violations.push(`${run}: allowed without an answer`);
    },
    (error: unknown) => world.violations.push(`${run}: ask rejected with ${String(error)}`),
  );
}

function answer(world: World, random: Random): void {
  const work = async (): Promise<void> => {
    const { questions } = await world.manager.questions({ status: "open" });
    const question = random.pick(questions);
    if (!question?.run_id) return;
    const option_id = random.pick(["allow_once", "deny"]) as string;
    if (option_id === "allow_once") world.allowed.add(question.prompt);
    await world.manager.answer(question.run_id, question.question_id, { option_id });
  };
  tried(world, work());
}

/** Reads from a random place to the end: the same events as were told, each once. */
function read(world: World, id: string, random: Random): void {
  const after = random.below(6);
  const work = async (): Promise<void> => {
    let seq = after;
    for await (const event of world.manager.attach(id, { after, follow: random.chance(0.5) })) {
      if (!("seq" in event)) continue;
      if (event.seq !== seq + 1 && event.type !== "system.gap") world.violations.push(`${id}: read ${event.seq} after ${seq}`);
      seq = event.seq;
      const told = world.logs.get(id)?.[seq - 1];
      if (told && event.type !== "system.gap" && JSON.stringify(told) !== JSON.stringify(event)) {
        world.violations.push(`${id}: event ${seq} reads otherwise than it was told: ${JSON.stringify(event)} for ${JSON.stringify(told)}`);
      }
    }
  };
  tried(world, work());
}

/** Lets everything come to rest, then looks: limits held, records are folds, and at the end nothing is left over. */
async function settle(world: World, finishing: boolean): Promise<void> {
  const { manager, faulty, host, held, violations } = world;
  faulty.releaseCommits();
  for (let round = 0; round < 4; round += 1) await host.clock.advance(1_000);
  if (finishing) {
    for (let round = 0; round < 400 && (await manager.stats()).active > 0; round += 1) {
      for (const { finish } of [...held.values()]) finish("end");
      // A run that ignores its abort does not exist here, but a question may wait for its deadline.
      await host.clock.advance(5_000);
    }
    const { active, queued } = await manager.stats();
    if (active > 0 || queued > 0) violations.push(`at rest ${active} runs are active and ${queued} are queued: ${await left(world)}`);
  }
  const running = [...held.values()].filter(({ context }) => context.run.parent_id === undefined).length;
  if (running > concurrency) violations.push(`${running} runs of depth 0 work at once`);
  for (const [id, log] of [...world.logs].slice(-60)) await lookAt(world, id, log);
}

/** What ended long ago is nobody's business any more. */
function forget({ logs, ended }: World): void {
  for (const id of [...logs.keys()].slice(0, -200)) if (ended.has(id)) logs.delete(id);
}

/** The ends of the logs of what should have ended. */
async function left({ manager, logs, held, ended }: World): Promise<string> {
  const texts: string[] = [];
  for (const [id, log] of logs) {
    if (ended.has(id)) continue;
    const { status } = await manager.get(id);
    texts.push(`${id} is ${status}${held.has(id) ? " and held" : ""} after ${log.map(({ type }) => type).join(" ")}`);
  }
  texts.push(JSON.stringify(await manager.stats()));
  return texts.join("; ");
}

async function lookAt({ manager, held, violations }: World, id: string, log: readonly StreamEvent[]): Promise<void> {
  const shown = await manager.get(id).catch(() => undefined);
  // Retention may have removed it.
  if (!shown) return;
  let folded: RunSummary | undefined;
  for (const event of log) {
    const next = transition(folded, { ...event, run_id: id });
    folded = next.last_seq === event.seq ? next : { ...next, last_seq: event.seq };
    if (folded.status !== event.status) violations.push(`${id}: event ${event.seq} says ${event.status}, its fold ${folded.status}`);
  }
  const { queue_position: _position, ...record } = shown;
  if (JSON.stringify(sorted(record)) !== JSON.stringify(sorted(folded))) violations.push(`${id}: the record is not the fold of its events`);
  const isWorking = shown.status === "running" || shown.status === "waiting";
  // On a full store a record is as it was when there was space.
  const isFull = (await manager.stats()).degraded?.includes("storage_full") ?? false;
  if (!isFull && isWorking !== held.has(id))
    violations.push(`${id} is ${shown.status}, its executor ${held.has(id) ? "works" : "does not"}`);
  const ends = log.filter(({ status }) => isTerminal(status ?? "")).length;
  if (ends !== (isTerminal(shown.status) ? 1 : 0)) violations.push(`${id}: ${ends} terminal events, status ${shown.status}`);
}

function sorted(record: object | undefined): unknown {
  return record && Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
