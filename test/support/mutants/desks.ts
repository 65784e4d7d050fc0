import type { Journal, Step } from "../../../lib/events/journal.js";
import { isAnodeError } from "../../../lib/errors.js";
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
    presenceChanged: () => desk.presenceChanged(),
    stop: () => desk.stop(),
    recover: () => desk.recover(),
  };
  return Object.assign(right, wrong(desk));
}

/** The parts with a journal that takes other steps than it is given. */
function changing(parts: DeskParts, change: (step: Step) => Step): DeskParts {
  const { journal } = parts;
  const changed = { append: (step: Step) => journal.append(change(step)), full: false };
  return { ...parts, journal: changed as unknown as Journal };
}
