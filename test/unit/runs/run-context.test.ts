import { describe, expect, it } from "vitest";
import type { RunContext } from "../../../lib/runs/executor.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { openManager } from "../../support/manager.js";

const members = ["run", "request", "signal", "emit", "preview", "ask", "input", "start", "idle"];

/** The context of a run that has completed. */
async function contextOf(): Promise<RunContext> {
  const { promise, resolve } = Promise.withResolvers<RunContext>();
  const manager = await openManager(functionExecutor((context) => resolve(context)));
  await (await manager.start({ prompt: "x" })).done();
  return promise;
}

describe("the context of a run", () => {
  it("has members that can be taken apart", async () => {
    const context = await contextOf();
    const { emit, ask, preview, request } = context;
    expect(request.prompt).toBe("x");
    preview("assistant.delta", { message_id: "m", offset: 0, text: "late" });
    await expect(emit("assistant.message", { message_id: "m", text: "late" })).rejects.toMatchObject({ code: "run_finished" });
    expect(await ask({ kind: "text", scope: "user_question", prompt: "?" })).toMatchObject({ outcome: "canceled" });
    expect(members.filter((name) => !(name in context))).toEqual([]);
  });

  it("takes no event of the manager's", async () => {
    const { emit } = await contextOf();
    for (const type of ["run.completed", "question.closed", "input.accepted", "budget.warning", "system.gap"]) {
      await expect(emit(type, {})).rejects.toMatchObject({ code: "reserved_event_type" });
    }
  });

  it("can be copied with other members", async () => {
    expect(Object.keys({ ...(await contextOf()) }).toSorted()).toEqual(members.toSorted());
  });
});
