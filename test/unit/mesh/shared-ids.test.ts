import { describe, expect, it } from "vitest";
import { isAnodeError } from "../../../lib/index.js";
import { openTestMesh } from "../../support/mesh.js";

const id = "pretool-toolu_01";
const permission = { prompt: "Run it?", options: [{ id: "allow", title: "Yes" }], correlation_id: id, timeout_ms: 2_000 };
const question = { kind: "text" } as const;

async function setUp() {
  const world = await openTestMesh();
  const bob = await world.peer("bob");
  const ask = (more: object = {}) =>
    world
      .call("asks.ask", { to_peer: "bob", text: "hello", correlation_id: id, if_unavailable: "queue", ...more })
      .then(({ correlation_id }) => correlation_id, codeOf);
  return { ...world, bob, ask };
}

function codeOf(error: unknown): string {
  return isAnodeError(error) ? error.code : String(error);
}

describe("an id that asks and questions share", () => {
  it.each<[string, object]>([
    ["with a question of its own", { question }],
    ["without one", {}],
  ])("is refused to an ask %s while a call waits under it, which ends in time all the same", async (_case, more) => {
    const { call, ask, host, settle, mesh } = await setUp();
    const held = call("questions.askBlocking", permission);
    await settle();
    expect(await ask(more)).toBe("correlation_conflict");
    expect(mesh.mail.queued).toBe(0);
    await host.clock.advance(2_000);
    expect(await held).toMatchObject({ outcome: "denied", reason: "timed_out" });
    expect(await ask(more)).toBe("correlation_conflict");
    expect(await call("questions.get", { id })).toMatchObject({ status: "closed", scope: "tool_permission" });
  });

  it("is refused to a question when an ask has it, and the ask goes on", async () => {
    const { call, ask, mesh, bob } = await setUp();
    expect(await ask()).toBe(id);
    expect(await call("questions.askBlocking", permission).catch(codeOf)).toBe("correlation_conflict");
    expect(await call("questions.answer", { correlation_id: id, option_id: "allow" }).catch(codeOf)).toBe("not_a_question");
    expect(mesh.asks.isOpen(id)).toBe(true);
    await call("asks.ack", { correlation_id: id, message: "hi" }, { caller: bob.caller });
    expect(await call("questions.askBlocking", permission).catch(codeOf)).toBe("correlation_conflict");
  });
});
