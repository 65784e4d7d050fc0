import { describe, expect, it } from "vitest";
import { allScopes, type Caller } from "../../../lib/caller.js";
import { operations } from "../../../lib/contract/index.js";
import type { Operation } from "../../../lib/contract/operation.js";
import { createPerform } from "../../../lib/contract/perform.js";
import { createServices } from "../../../lib/contract/services.js";
import { openManager, untilAborted } from "../../support/manager.js";

describe.each(["runs.events", "events.stream"])("%s as an approver", (name) => {
  async function answerTo(caller: Caller, approver: boolean): Promise<unknown> {
    const manager = await openManager(untilAborted);
    const { id } = await manager.start({ prompt: "x" });
    const perform = createPerform(createServices(manager), manager.idempotency);
    const operation = operations.find((row) => row.name === name) as Operation;
    const input = { approver, ...(name === "runs.events" && { id }) };
    const context = { caller, signal: AbortSignal.timeout(1_000), requestId: "q-1", accept: "text/event-stream" };
    return perform(operation, input, context).then(
      ({ status }) => status,
      (error: { code?: string }) => error.code,
    );
  }
  const owner: Caller = { id: "owner", door: "tcp", scopes: allScopes };

  it("needs the scope approve", async () => {
    const reader: Caller = { ...owner, scopes: ["read", "control"] };
    expect([await answerTo(reader, true), await answerTo(reader, false)]).toEqual(["scope_required", 200]);
  });

  it("is for no process of a run: who has no token proves that it is none", async () => {
    const proving = (isFree: boolean): Caller => ({ ...owner, prove: async () => isFree });
    expect([await answerTo(proving(false), true), await answerTo(proving(true), true)]).toEqual(["caller_is_a_run", 200]);
    expect(await answerTo(proving(false), false)).toBe(200);
  });
});
