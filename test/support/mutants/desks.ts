import type { Journal } from "../../../lib/events/journal.js";
import type { Step } from "../../../lib/events/step.js";
import { AnodeError, isAnodeError } from "../../../lib/errors.js";
import type { Clock, Host } from "../../../lib/host.js";
import { localCaller } from "../../../lib/caller.js";
import { Desk } from "../../../lib/questions/desk.js";
import { type DeskParts, makeDesk, type MakeDesk, type WholeDesk } from "../proofs/desk-bench.js";

/** Desks that are wrong in one point, each around a right one. */
export const wrongDesks: Readonly<Record<string, MakeDesk>> = {
  "allows on timeout": (parts) =>
    around(makeDesk(parts), (desk) => ({
      async open(input) {
        const held = await desk.open(input);
        const answer = held.answer.then((given) =>
          given.reason === "timed_out" ? { outcome: "answered" as const, decision: "allow" as const, option_id: "allow_once" } : given,
        );
        return { ...held, answer };
      },
    })),
  "records an allow where nobody gave one": (parts) =>
    makeDesk(
      changing(parts, (step) => ({
        ...step,
        puts: (step.puts ?? []).map((put) => ({ ...put, record: { ...put.record, ...("reason" in put.record && { decision: "allow" }) } })),
      })),
    ),
  "ends a question twice": (parts) =>
    makeDesk(changing(parts, (step) => ({ ...step, appends: (step.appends ?? []).flatMap((event) => [event, ...again(event)]) }))),
  "hides the reason of a shutdown": (parts) =>
    around(makeDesk(parts), (desk) => ({
      closing: (runId, reason) => desk.closing(runId, reason === "shutdown" ? "canceled" : reason),
    })),
  "takes late answers": (parts) =>
    around(makeDesk(parts), (desk) => ({
      answer: (id, input, caller) =>
        desk.answer(id, input, caller).catch((error: unknown) => {
          if (isAnodeError(error) && error.code === "question_closed") return desk.get(id);
          throw error;
        }),
    })),
  "forgets what was open before the restart": (parts) => around(makeDesk(parts), () => ({ recover: async () => {} })),
  "does not notice that the approver left": (parts) => around(makeDesk(parts), () => ({ presenceChanged: () => {} })),
};

/** Desks that are wrong for the calls that wait at them, with what the proof says of each. */
export const wrongCallDesks: Readonly<Record<string, readonly [make: MakeDesk, complaint: RegExp]>> = {
  "allows on timeout": [wrongDesks["allows on timeout"] as MakeDesk, /^What was told/],
  "records an allow where nobody gave one": [
    wrongDesks["records an allow where nobody gave one"] as MakeDesk,
    /^(Its end|An allow is given)/,
  ],
  "keeps the question of a caller that left": [
    (parts) => around(makeDesk(parts), (desk) => ({ open: async (input) => ({ ...(await desk.open(input)), leave: () => {} }) })),
    /^The reason of the end/,
  ],
  "ends the question for all when one of its callers leaves": [
    (parts) =>
      around(makeDesk(parts), (desk) => ({
        async open(input) {
          const held = await desk.open(input);
          return {
            ...held,
            leave: () => void desk.answer(held.question.question_id, { outcome: "canceled" }, localCaller).catch(() => {}),
          };
        },
      })),
    /^The reason of the end/,
  ],
  "gives another content the answer of the first": [
    (parts) => around(makeDesk(parts), (desk) => ({ open: (input) => desk.open({ ...input, prompt: "Run it?" }) })),
    /^Another content is refused/,
  ],
  "allows whoever acknowledges": [
    (parts) =>
      around(makeDesk(parts), (desk) => ({
        answer: (id, input, caller) => desk.answer(id, input.outcome === "acknowledged" ? { option_id: "allow" } : input, caller),
      })),
    /^(An allow is given|An answer that was taken)/,
  ],
  "leaves open at a shutdown what calls wait for": [
    (parts) =>
      around(makeDesk(parts), (desk) => ({ endCalls: (reason) => (reason === "shutdown" ? Promise.resolve() : desk.endCalls(reason)) })),
    /^The reason of the end/,
  ],
  "leaves open at a start what calls waited for": [
    (parts) =>
      new (class extends Desk {
        override endCalls(reason: "restart" | "shutdown"): Promise<void> {
          return reason === "restart" ? Promise.resolve() : super.endCalls(reason);
        }
      })(parts),
    /^A question after the next start/,
  ],
  "ends a question by the wall clock": [(parts) => makeDesk({ ...parts, host: byWallClock(parts.host) }), /^The reason of the end/],
  "takes no answer after the deadline as the wall clock has it": [
    (parts) =>
      around(makeDesk(parts), (desk) => ({
        async answer(questionId, ...answer) {
          const { deadline } = await desk.get(questionId);
          if (parts.host.clock.now() >= Date.parse(deadline)) throw new AnodeError("question_closed", "It is too late.");
          return desk.answer(questionId, ...answer);
        },
      })),
    /^The reason of the end/,
  ],
  "tells an answer before it is recorded": [
    (parts) => {
      const { journal } = parts;
      const early = {
        append: (step: Step) => ({ ...journal.append(step), committed: Promise.resolve(0), kept: Promise.resolve(0) }),
        settled: () => journal.settled(),
        assertSpace: () => {},
      };
      return makeDesk({ ...parts, journal: early as unknown as Journal });
    },
    /^(What was told|An answer that was taken)/,
  ],
};

function again<Event extends { readonly type: string }>(event: Event): Event[] {
  return event.type === "question.closed" ? [event] : [];
}

function around(desk: WholeDesk, wrong: (desk: WholeDesk) => Partial<WholeDesk>): WholeDesk {
  const right: WholeDesk = {
    get openCount() {
      return desk.openCount;
    },
    open: (input) => desk.open(input),
    answer: (...call) => desk.answer(...call),
    get: (id) => desk.get(id),
    closing: (...call) => desk.closing(...call),
    endCalls: (reason) => desk.endCalls(reason),
    presenceChanged: () => desk.presenceChanged(),
    stop: () => desk.stop(),
    recover: () => desk.recover(),
  };
  return Object.assign(right, wrong(desk));
}

/** A host whose timers wait until the wall clock shows their time. */
function byWallClock(host: Host): Host {
  const { clock } = host;
  const schedule: Clock["schedule"] = (task, delayMs) => {
    const dueMs = clock.now() + delayMs;
    let cancel = (): void => {};
    const arm = (): void => void (cancel = clock.schedule(() => (clock.now() >= dueMs ? task() : arm()), Math.max(0, dueMs - clock.now())));
    arm();
    return () => cancel();
  };
  return { ...host, clock: { now: () => clock.now(), monotonic: () => clock.monotonic(), schedule } };
}

/** The parts with a journal that takes other steps than it is given. */
function changing(parts: DeskParts, change: (step: Step) => Step): DeskParts {
  const { journal } = parts;
  const changed = { append: (step: Step) => journal.append(change(step)), settled: () => journal.settled(), assertSpace: () => {} };
  return { ...parts, journal: changed as unknown as Journal };
}
