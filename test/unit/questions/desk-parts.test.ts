import { describe, expect, it } from "vitest";
import { localCaller } from "../../../lib/caller.js";
import { Desk } from "../../../lib/questions/desk.js";
import type { OpenQuestion } from "../../../lib/questions/desk-types.js";
import { joinSteps } from "../../../lib/events/join-steps.js";
import { createDeskBench, makeDesk } from "../../support/proofs/desk-bench.js";

const ofAsk: OpenQuestion = {
  id: "ask-0123456789abcdef",
  kind: "choice",
  scope: "mesh_ask",
  prompt: "Red or blue?",
  options: [
    { id: "red", title: "Red" },
    { id: "blue", title: "Blue" },
  ],
  owner: { peer_id: "peer-a" },
  from_peer_id: "peer-a",
  recipient: "peer-b",
  timeout_ms: 60_000,
};
const ofCall: OpenQuestion = { ...ofAsk, id: "call-1234", scope: "user_question", asked_by: "token:T-1", origin: "a hook" };
const askRecord = (state: string, revision: number) => ({
  collection: "asks",
  id: ofAsk.id ?? "",
  record: { state },
  expectedRevision: revision,
});

async function bench() {
  const world = createDeskBench(["R-1"]);
  const process = await world.start(makeDesk);
  const desk = process.desk as Desk;
  const open = async (): Promise<void> => {
    const { step } = desk.opening(await desk.prepare(ofAsk));
    await process.journal.append(joinSteps(step, { puts: [askRecord("open", 0)], whenFull: "refuse" })).committed;
  };
  const stored = async (collection: string): Promise<unknown> => (await world.inner.get(collection, ofAsk.id ?? ""))?.record;
  return Object.assign(world, { ...process, desk, open, stored });
}

describe("a question that begins and ends in its owner's steps", () => {
  it("is there with its ask's record, in one commit, and waits for nobody", async () => {
    const { desk, open, store, stored, events } = await bench();
    const commits = store.calls.commit;
    await open();
    expect(store.calls.commit).toBe(commits + 1);
    expect([await stored("asks"), await stored("questions")]).toMatchObject([{ state: "open" }, { status: "open", recipient: "peer-b" }]);
    expect((await events("feed")).map(({ type, peer_id }) => [type, peer_id])).toEqual([["question.asked", "peer-a"]]);
    expect(desk.openCount).toBe(1);
  });

  it("is stored with who asked, whom and by what, and says nothing of what nobody told", async () => {
    const { desk, open, inner } = await bench();
    await open();
    await desk.open(ofCall);
    const { question } = await desk.open({ kind: "text", scope: "user_question", prompt: "Which one?", owner: {} });
    const recordOf = async (id: string) => (await inner.get("questions", id))?.record ?? {};
    expect(await recordOf(ofAsk.id ?? "")).toMatchObject({ from_peer_id: "peer-a", peer_id: "peer-a", recipient: "peer-b" });
    expect(await recordOf(ofCall.id ?? "")).toMatchObject({ origin: "a hook", asked_by: "token:T-1" });
    const told = Object.keys(await recordOf(question.question_id));
    expect(told.filter((name) => ["from_peer_id", "recipient", "origin", "asked_by", "peer_id", "run_id"].includes(name))).toEqual([]);
  });

  it("was never there when the step is refused", async () => {
    const { desk, open, store, stored, settle, clock } = await bench();
    store.failCommits(1, "storage_full");
    await expect(open()).rejects.toMatchObject({ code: "storage_full" });
    await settle();
    expect([desk.openCount, await stored("questions")]).toEqual([0, undefined]);
    clock.pass(1_000);
    await settle();
    await open();
    expect(desk.openCount).toBe(1);
  });

  it("is answered in the step that closes the ask, or stays open with it", async () => {
    const { desk, journal, open, stored } = await bench();
    await open();
    expect(() => desk.answering(ofAsk.id ?? "", {}, localCaller)).toThrow(expect.objectContaining({ code: "invalid_option" }));
    expect(() => desk.answering(ofAsk.id ?? "", { outcome: "acknowledged" }, localCaller)).toThrow(
      expect.objectContaining({ code: "invalid_option" }),
    );
    expect(desk.openCount).toBe(1);
    const { question, step } = desk.answering(ofAsk.id ?? "", { option_id: "red" }, localCaller);
    expect(question).toMatchObject({ status: "closed", outcome: "answered", option_id: "red" });
    const { committed } = journal.append(joinSteps(step, { puts: [askRecord("closed", 1)] }));
    expect(desk.openCount).toBe(0);
    await committed;
    expect([await stored("asks"), await stored("questions")]).toMatchObject([{ state: "closed" }, { status: "closed" }]);
    expect(() => desk.answering(ofAsk.id ?? "", { option_id: "red" }, localCaller)).toThrow(
      expect.objectContaining({ code: "question_closed" }),
    );
  });

  it("is closed with those named, and no other", async () => {
    const { desk, journal, open, stored } = await bench();
    await open();
    await desk.open(ofCall);
    await journal.append(desk.closingOf([ofAsk.id ?? "", "ask-none"], "canceled")).committed;
    expect(desk.openCount).toBe(1);
    expect(await stored("questions")).toMatchObject({ outcome: "canceled", reason: "canceled" });
  });

  it("takes its owner's part with it when the desk itself ends it", async () => {
    const { clock, desk, open, settle, store, stored } = await bench();
    await open();
    const taken: string[] = [];
    desk.alongside((closed) =>
      closed.scope === "mesh_ask" ? { puts: [askRecord(closed.outcome ?? "", 1)], taken: () => taken.push(closed.question_id) } : {},
    );
    await desk.open({ ...ofCall, timeout_ms: 60_000 });
    const commits = store.calls.commit;
    clock.pass(60_000);
    await settle();
    expect([await stored("asks"), taken, desk.openCount]).toEqual([{ state: "timed_out" }, [ofAsk.id], 0]);
    // Both deadlines fell into one commit.
    expect(store.calls.commit).toBe(commits + 1);
  });

  it("stays open over a restart, where one that a call waited for is closed with the reason", async () => {
    const world = await bench();
    await world.open();
    await world.desk.open(ofCall);
    await world.desk.open({ ...ofCall, id: "call-5678", scope: "tool_permission", options: [{ id: "allow", title: "Allow" }] });
    const own = await world.desk.open({ ...ofCall, id: "call-9999", owner: { run_id: "R-1" }, stream: "run:R-1" });
    world.kill();
    const { desk } = await world.start(makeDesk);
    expect(desk.openCount).toBe(2);
    const record = async (id: string): Promise<unknown> => (await world.inner.get("questions", id))?.record;
    expect(await record("call-1234")).toMatchObject({ status: "closed", outcome: "canceled", reason: "restart" });
    expect(await record("call-5678")).toMatchObject({ status: "closed", outcome: "denied", decision: "deny", reason: "restart" });
    expect([await record(ofAsk.id ?? ""), await record(own.question.question_id)]).toMatchObject([{ status: "open" }, { status: "open" }]);
    expect((await world.events("feed")).filter(({ type }) => type === "question.closed")).toHaveLength(2);
  });
});

describe("a call that asks again under the same id", () => {
  it("is refused for another caller, owner or content", async () => {
    const { desk } = await bench();
    await desk.open(ofCall);
    const others: Partial<OpenQuestion>[] = [
      { asked_by: "token:T-2" },
      { owner: { peer_id: "peer-b" } },
      { owner: {} },
      { owner: { peer_id: "peer-a", run_id: "R-1" } },
      { prompt: "Green or blue?" },
      { metadata: { input: "rm -rf /" } },
    ];
    for (const other of others) await expect(desk.open({ ...ofCall, ...other })).rejects.toMatchObject({ code: "correlation_conflict" });
    expect(desk.openCount).toBe(1);
  });

  it("gets the recorded answer for 120 s, and never another one", async () => {
    const { clock, desk, events } = await bench();
    await desk.open(ofCall);
    await desk.answer("call-1234", { option_id: "red", message: "it is Monday" }, localCaller);
    clock.pass(119_999);
    const again = await desk.open(ofCall);
    expect(await again.answer).toEqual({ outcome: "answered", option_id: "red", message: "it is Monday", by: "local" });
    again.leave();
    await expect(desk.open({ ...ofCall, asked_by: "token:T-2" })).rejects.toMatchObject({ code: "correlation_conflict" });
    clock.pass(1);
    await expect(desk.open(ofCall)).rejects.toMatchObject({ code: "question_closed", details: { outcome: "answered" } });
    expect((await events("feed")).map(({ type }) => type)).toEqual(["question.asked", "question.closed"]);
  });

  it("gets the recorded answer when it was looked up before the other call opened it, and comes after its end", async () => {
    const world = createDeskBench([]);
    const { get } = world.inner;
    const late = Promise.withResolvers<void>();
    let isFirst = true;
    Object.assign(world.inner, {
      get: async (...place: Parameters<typeof get>) => {
        const found = await get(...place);
        if (!isFirst) return found;
        isFirst = false;
        await late.promise;
        return found;
      },
    });
    const { desk } = await world.start(makeDesk);
    const first = desk.open(ofCall);
    await desk.open(ofCall);
    await desk.answer("call-1234", { option_id: "red" }, localCaller);
    late.resolve();
    expect(await (await first).answer).toMatchObject({ outcome: "answered", option_id: "red" });
    expect((await world.events("feed")).map(({ type }) => type)).toEqual(["question.asked", "question.closed"]);
  });

  it("gets the recorded answer even while that is on its way to the store", async () => {
    const { desk, store, settle } = await bench();
    await desk.open(ofCall);
    store.holdCommits();
    void desk.answer("call-1234", { option_id: "red" }, localCaller);
    await settle();
    const again = desk.open(ofCall).then(({ answer }) => answer);
    await settle();
    store.releaseCommits();
    expect(await again).toMatchObject({ outcome: "answered", option_id: "red" });
  });

  it("keeps the question of the first when it leaves before its own wait has begun", async () => {
    const { desk, settle } = await bench();
    const [first, second] = await Promise.all([desk.open(ofCall), desk.open(ofCall)]);
    first.leave();
    await settle();
    expect(desk.openCount).toBe(1);
    second.leave();
    await settle();
    expect(desk.openCount).toBe(0);
  });
});

describe("a question that the disk has no room for", () => {
  it("is refused and forgotten; a later one is taken", async () => {
    const { clock, desk, store, settle } = await bench();
    store.failCommits(1, "storage_full");
    await expect(desk.open(ofCall)).rejects.toMatchObject({ code: "storage_full", status: 507 });
    expect(desk.openCount).toBe(0);
    await expect(desk.open(ofCall)).rejects.toMatchObject({ code: "storage_full" });
    clock.pass(1_000);
    await settle();
    await desk.open(ofCall);
    clock.pass(60_000);
    await settle();
    expect((await desk.get("call-1234")).outcome).toBe("timed_out");
  });
});

describe("Desk.endCalls", () => {
  it("ends what calls wait for, and takes no more of it once shutdown has begun", async () => {
    const { desk, open } = await bench();
    await open();
    const held = await desk.open({ ...ofCall, scope: "tool_permission", options: [{ id: "allow", title: "Allow" }] });
    await desk.endCalls("shutdown");
    expect(await held.answer).toEqual({ outcome: "denied", decision: "deny", reason: "shutdown" });
    expect(desk.openCount).toBe(1);
    await expect(desk.open({ ...ofCall, id: "call-2222" })).rejects.toMatchObject({ code: "shutting_down", status: 503 });
  });
});
