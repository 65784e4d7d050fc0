// An executor of one's own: it says what it can do, counts turns, asks before it acts, and stops when it is told to.
import assert from "node:assert/strict";
import { AnodeError, RunManager, supportsNothing } from "anode-daemon";

/** Counts down from `max_turns`, one turn a step. */
const countdown = {
  kind: "countdown",
  supports: { ...supportsNothing, questions: true, maxTurns: true },
  prepare(request) {
    if (request.prompt.includes("forbidden")) throw new AnodeError("unsupported_option", "This countdown does not do that.");
    return { supports: this.supports, request: { ...request, max_turns: request.max_turns ?? 3 } };
  },
  async execute({ request, signal, emit, ask }) {
    for (let turn = 1; turn <= request.max_turns; turn++) {
      signal.throwIfAborted();
      await emit("turn.started", { turn });
      await emit("assistant.message", { message_id: `m${turn}`, text: String(request.max_turns - turn) });
    }
    const answer = await ask({
      kind: "choice",
      scope: "tool_permission",
      prompt: "Launch?",
      tool: { call_id: "c1", name: "launch", level: "confirm_execute", args: {} },
    });
    return { status: "completed", stop_reason: "end_turn", result: answer.decision === "allow" ? "launched" : `held: ${answer.reason}` };
  },
};

const manager = new RunManager({ executors: { countdown }, profiles: { craft: { executor: "countdown" } } });
await manager.open();
manager.on("question", (question) => {
  if (question.status === "open") void manager.answer(question.run_id, question.question_id, { option_id: "deny", message: "not today" });
});
const run = await manager.start({ prompt: "count", max_turns: 5 });
const record = await run.done();
console.log(record.num_turns, record.result);
assert.deepEqual([record.status, record.num_turns, record.result], ["completed", 5, "held: denied"]);
await assert.rejects(manager.start({ prompt: "forbidden" }), { code: "unsupported_option" });
await assert.rejects(manager.start({ prompt: "x", model: "a/b" }), { code: "unsupported_option" });
await manager.close();
