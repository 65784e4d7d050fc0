import { describe, expect, it } from "vitest";
import { isAnodeError, type OperationName } from "../../../lib/index.js";
import { openTestMesh, type CallDetails, type TestMesh, type TestMeshOptions } from "../../support/mesh.js";

const colors = {
  kind: "choice",
  options: [
    { id: "red", title: "Red" },
    { id: "blue", title: "Blue" },
  ],
} as const;
type AskedQuestion = { kind: "choice" | "text" | "acknowledge"; options?: { id: string; title: string }[]; default_answer?: string };

async function asked(question: AskedQuestion, more: object = {}, options: TestMeshOptions = {}) {
  const world = await openTestMesh(options);
  const [ann, bob, eve] = [await world.peer("ann"), await world.peer("bob"), await world.peer("eve")];
  const input = { to_peer: "bob", text: "Which color?", question, if_unavailable: "queue", ...more } as const;
  const { correlation_id: id } = await world.call("asks.ask", input, { caller: ann.caller });
  const refused = async (name: OperationName, body: object, details?: CallDetails): Promise<string> =>
    world.reply(name, body, details).then(
      ({ status }) => String(status),
      (error: unknown) => (isAnodeError(error) ? error.code : String(error)),
    );
  return { ...world, ann, bob, eve, id, refused };
}

const typesOf = async ({ feed }: Pick<TestMesh, "feed">): Promise<string[]> =>
  (await feed()).map(({ type }) => type).filter((type) => /^(ask|question)\.(opened|asked|closed)$/.test(type));

describe("a typed question on an ask", () => {
  it("is answered by its recipient, and the ask is closed with it", async () => {
    const world = await asked({ ...colors, options: [...colors.options] });
    const { id, call, refused, ann, bob, eve, mesh } = world;
    expect(await call("questions.get", { id }, { caller: bob.caller })).toMatchObject({
      scope: "mesh_ask",
      prompt: "Which color?",
      peer_id: ann.peer_id,
      recipient: bob.peer_id,
      status: "open",
    });
    const answer = { correlation_id: id, option_id: "red" };
    expect(await refused("questions.answer", answer, { caller: ann.caller })).toBe("not_the_recipient");
    expect(await refused("questions.answer", answer, { caller: eve.caller })).toBe("not_the_recipient");
    expect(await refused("questions.answer", { ...answer, option_id: "green" }, { caller: bob.caller })).toBe("invalid_option");
    expect(mesh.asks.isOpen(id)).toBe(true);
    const keyed = { caller: bob.caller, idempotencyKey: "k" };
    const reply = await call("questions.answer", { ...answer, message: "as ever" }, keyed);
    expect(reply).toEqual({ ok: true, correlation_id: id, outcome: "answered" });
    expect(await call("questions.answer", { ...answer, message: "as ever" }, keyed)).toEqual(reply);
    expect(await call("asks.get", { id })).toMatchObject({
      state: "closed",
      close_reason: "answered",
      replied_by: "answer",
      answer: { outcome: "answered", option_id: "red", message: "as ever" },
    });
    expect(await refused("questions.answer", answer, { caller: bob.caller })).toBe("question_closed");
    expect((await typesOf(world)).toSorted()).toEqual(["ask.closed", "ask.opened", "question.asked", "question.closed"]);
  });

  it.each<[string, AskedQuestion, string | undefined, string, object | undefined]>([
    ["bare, of an acknowledgement", { kind: "acknowledge" }, undefined, "200", { outcome: "answered" }],
    ["with a message, of an acknowledgement", { kind: "acknowledge" }, "seen", "200", { outcome: "answered", message: "seen" }],
    ["with a message, of a text", { kind: "text" }, "the blue one", "200", { outcome: "answered", text: "the blue one" }],
    ["bare, of a text", { kind: "text" }, undefined, "invalid_answer", undefined],
    ["with a message, of a choice", { ...colors, options: [...colors.options] }, "red", "invalid_option", undefined],
  ])("takes an ack %s", async (_, question, message, outcome, answer) => {
    const { id, bob, call, refused, manager } = await asked(question);
    const ack = { correlation_id: id, ...(message !== undefined && { message }) };
    expect(await refused("asks.ack", ack, { caller: bob.caller })).toBe(outcome);
    expect(await call("asks.get", { id })).toMatchObject(answer ? { close_reason: "answered", answer } : { state: "open" });
    expect(manager.desk.openCount).toBe(answer ? 0 : 1);
  });

  it.each([
    ["question.options", { kind: "choice" }],
    ["question.options", { kind: "text", options: [{ id: "a", title: "A" }] }],
    ["question.default_answer", { ...colors, default_answer: "green" }],
  ])("that is wrong is refused by the name %s, which it has in the ask", async (path, question) => {
    const { reply, peer } = await openTestMesh();
    await peer("bob");
    const asking = reply("asks.ask", { to_peer: "bob", text: "?", question });
    const told = { message: expect.stringContaining(`${path} `), details: { issues: [expect.objectContaining({ path })] } };
    await expect(asking).rejects.toMatchObject({ code: "invalid_request", ...told });
  });

  it("ends with its ask, whichever way that goes", async () => {
    const { id, ann, bob, call, manager } = await asked({ kind: "text" });
    await call("asks.cancel", { id }, { caller: ann.caller });
    expect(await manager.desk.get(id)).toMatchObject({ status: "closed", outcome: "canceled" });
    const { correlation_id: second } = await call(
      "asks.ask",
      { to_peer: "bob", text: "?", question: { kind: "text" }, if_unavailable: "queue" },
      { caller: ann.caller },
    );
    await call("asks.decline", { id: second }, { caller: bob.caller });
    expect(await manager.desk.get(second)).toMatchObject({ status: "closed", outcome: "canceled" });
    expect(manager.desk.openCount).toBe(0);
  });

  it("has its default answer at the deadline, which is the reply", async () => {
    const { id, host, call, settle } = await asked({ kind: "text", default_answer: "any" }, { expires_ms: 90_500 });
    await host.clock.advance(90_500);
    await settle();
    expect(await call("asks.get", { id })).toMatchObject({
      close_reason: "answered",
      reply_text: "any",
      answer: { outcome: "answered", text: "any" },
    });
  });

  it.each([
    ["answers the ask with the default", { kind: "text", default_answer: "any" } as const, { close_reason: "answered", reply_text: "any" }],
    ["ends the ask", { kind: "text" } as const, { close_reason: "expired" }],
  ])("at its deadline %s in the same moment, also where the sweep comes just then", async (_, question, ending) => {
    for (const expires_ms of [1000, 60_000]) {
      const { id, ann, host, mesh, feed } = await asked(question, { expires_ms });
      await host.clock.advance(expires_ms - 1);
      expect(mesh.asks.isOpen(id)).toBe(true);
      await host.clock.advance(1);
      expect(mesh.asks.openFrom(ann.peer_id)).toEqual([]);
      expect(await mesh.asks.get(id)).toMatchObject({ state: "closed", ...ending });
      const told = (await feed()).filter(({ type }) => /^(ask|question)\.closed$/.test(type));
      expect(told.map(({ type, payload }) => [type, payload["outcome"] ?? payload["close_reason"]])).toEqual([
        ["question.closed", ending.close_reason === "answered" ? "answered" : "timed_out"],
        ["ask.closed", ending.close_reason],
      ]);
      expect(mesh.mail.waiting(ann.peer_id).map(({ kind, close_reason }) => [kind, close_reason])).toEqual([
        ["reply", ending.close_reason],
      ]);
    }
  });

  it("stays open over a restart, and is answered after it", async () => {
    const world = await asked({ kind: "text" });
    const next = await world.reopen();
    expect(next.manager.desk.openCount).toBe(1);
    await next.call("questions.answer", { correlation_id: world.id, text: "blue" }, { caller: world.bob.caller });
    expect(await next.call("asks.get", { id: world.id })).toMatchObject({ close_reason: "answered", reply_text: "blue" });
  });

  it("that is no longer kept after a restart ends its ask", async () => {
    const world = await asked({ kind: "text" });
    await world.manager.journal.append({ deletes: [{ collection: "questions", id: world.id }] }).committed;
    const next = await world.reopen();
    expect(await next.call("asks.get", { id: world.id })).toMatchObject({ state: "closed", close_reason: "expired" });
  });

  it("is refused with its ask when nobody could answer it, and nothing is left", async () => {
    const { ann, refused, manager, call } = await asked({ kind: "text" });
    const input = { to_peer: "bob", text: "?", question: { kind: "choice" }, correlation_id: "ask-wrong", if_unavailable: "queue" };
    expect(await refused("asks.ask", input, { caller: ann.caller })).toBe("invalid_request");
    expect([manager.desk.openCount, (await call("asks.list", {})).asks.length]).toEqual([1, 1]);
  });

  it("takes no room from those who wait for an approval: its bound is the inbox of its recipient", async () => {
    const { ann, refused, manager } = await asked({ kind: "text" }, {}, { manager: { limits: { questions: 2, openAsks: 4 } } });
    const ask = { to_peer: "bob", text: "?", question: { kind: "text" }, if_unavailable: "queue" };
    for (let n = 0; n < 3; n += 1) expect(await refused("asks.ask", ask, { caller: ann.caller })).toBe("202");
    expect(await refused("asks.ask", ask, { caller: ann.caller })).toBe("inbox_full");
    const gone = new AbortController();
    const approval = (correlation_id: string) =>
      refused(
        "questions.askBlocking",
        { prompt: "Run ls?", correlation_id, options: [{ id: "allow", title: "Allow" }] },
        { signal: gone.signal },
      );
    const held = [approval("pretool-0001"), approval("pretool-0002")];
    await new Promise((resolve) => setImmediate(resolve));
    expect(await approval("pretool-0003")).toBe("question_full");
    expect(manager.desk.openCount).toBe(6);
    gone.abort();
    await Promise.all(held);
    const again = new AbortController();
    const later = refused(
      "questions.askBlocking",
      { prompt: "Run ls?", correlation_id: "pretool-0004", options: [{ id: "allow", title: "Allow" }] },
      { signal: again.signal },
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(manager.desk.openCount).toBe(5);
    again.abort();
    await later;
  });

  it("tells an ask without a question from an id that is none", async () => {
    const { ann, bob, call, refused } = await asked({ kind: "text" });
    const { correlation_id } = await call("asks.ask", { to_peer: "bob", text: "?", if_unavailable: "queue" }, { caller: ann.caller });
    expect(await refused("questions.answer", { correlation_id, text: "a" }, { caller: bob.caller })).toBe("not_a_question");
    expect(await refused("questions.answer", { correlation_id: "ask-none", text: "a" }, { caller: bob.caller })).toBe("question_not_found");
  });
});

describe("ask-blocking of a mesh", () => {
  const permission = { prompt: "Run ls?", correlation_id: "pretool-1234", options: [{ id: "allow", title: "Allow" }] };

  it("asks as the caller's peer, as a person for an owner, or as whom an owner names", async () => {
    const { call, refused, bob, eve, manager } = await asked({ kind: "text" });
    const gone = new AbortController();
    const from = async (correlation_id: string, more: object, details: CallDetails = {}): Promise<string | undefined> => {
      void refused("questions.askBlocking", { ...permission, correlation_id, ...more }, { ...details, signal: gone.signal });
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      return (await manager.desk.get(correlation_id)).from_peer_id;
    };
    expect(await from("pretool-0001", {}, { caller: bob.caller })).toBe(bob.peer_id);
    expect(await from("pretool-0002", {})).toBe((await call("peers.get", { id: "human" })).peer_id);
    expect(await from("pretool-0003", { from_peer: "eve" })).toBe(eve.peer_id);
    expect(await refused("questions.askBlocking", { ...permission, from_peer: "eve" }, { caller: bob.caller })).toBe("sender_mismatch");
    expect(await refused("questions.askBlocking", { ...permission, from_peer: "nobody" })).toBe("sender_not_found");
    // Not even with every scope does a peer allow what it asks for itself, or what was asked for it.
    const all = { ...bob.caller, scopes: ["admin"] as const };
    expect(await refused("questions.answer", { correlation_id: "pretool-0001", option_id: "allow" }, { caller: all })).toBe(
      "self_approval",
    );
    gone.abort();
  });
});
