import { describe, expect, it } from "vitest";
import { localCaller } from "../../../lib/caller.js";
import type { OpenQuestion } from "../../../lib/questions/desk.js";
import { createDeskBench, makeDesk } from "../../support/proofs/desk-bench.js";

const question: OpenQuestion = { kind: "text", scope: "mesh_ask", prompt: "Name?", owner: { peer_id: "P-1" }, timeout_ms: 60_000 };

async function bench() {
  const bench = createDeskBench(["R-1"]);
  const { desk, journal, store } = await bench.start(makeDesk);
  return { ...bench, desk, journal, store };
}

describe("Desk.open", () => {
  it("stores the question before it answers, with its digest and deadline", async () => {
    const { desk } = await bench();
    const held = await desk.open({ ...question, owner: { run_id: "R-1" }, stream: "run:R-1" });
    expect(await desk.get(held.question.question_id)).toEqual(held.question);
    expect(held.question).toMatchObject({ status: "open", run_id: "R-1", digest: expect.stringContaining("Name?") });
    expect(Date.parse(held.question.deadline) - Date.parse(held.question.asked_at)).toBe(60_000);
  });

  it("joins an open question of the same id and content: both hear the one answer", async () => {
    const { desk } = await bench();
    const first = await desk.open({ ...question, id: "Q-own" });
    const second = await desk.open({ ...question, id: "Q-own" });
    expect([second.question, desk.openCount]).toEqual([first.question, 1]);
    await desk.answer("Q-own", { text: "Ada" }, localCaller);
    expect(await Promise.all([first.answer, second.answer])).toMatchObject([{ text: "Ada" }, { text: "Ada" }]);
  });

  it("refuses another content under a known id, open or closed, and the same one once it has ended", async () => {
    const { desk } = await bench();
    await desk.open({ ...question, id: "Q-own" });
    const other = { ...question, id: "Q-own", prompt: "Age?" };
    await expect(desk.open(other)).rejects.toMatchObject({ code: "correlation_conflict" });
    await desk.answer("Q-own", { text: "Ada" }, localCaller);
    await expect(desk.open(other)).rejects.toMatchObject({ code: "correlation_conflict" });
    await expect(desk.open({ ...question, id: "Q-own" })).rejects.toMatchObject({ code: "question_closed", status: 410 });
  });

  it("joins an equal question that is being opened in the same moment", async () => {
    const { desk } = await bench();
    const both = await Promise.allSettled([desk.open({ ...question, id: "Q-own" }), desk.open({ ...question, id: "Q-own" })]);
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  });

  it("refuses more than the limit", async () => {
    const { desk } = await bench();
    for (let n = 0; n < 256; n += 1) await desk.open(question);
    await expect(desk.open(question)).rejects.toMatchObject({ code: "question_full" });
    expect(desk.openCount).toBe(256);
  });
});

describe("a holder that leaves", () => {
  it("cancels the question when it is the last one, and counts once", async () => {
    const { desk, settle } = await bench();
    const first = await desk.open({ ...question, id: "Q-own" });
    const second = await desk.open({ ...question, id: "Q-own" });
    first.leave();
    first.leave();
    expect(desk.openCount).toBe(1);
    second.leave();
    await settle();
    expect(await second.answer).toEqual({ outcome: "canceled", reason: "canceled" });
    expect(await desk.get("Q-own")).toMatchObject({ status: "closed", outcome: "canceled" });
  });

  it("changes nothing when the question has ended", async () => {
    const { desk, settle } = await bench();
    const held = await desk.open({ ...question, id: "Q-own" });
    await desk.answer("Q-own", { text: "Ada" }, localCaller);
    held.leave();
    await settle();
    expect(await desk.get("Q-own")).toMatchObject({ outcome: "answered", text: "Ada" });
  });
});

describe("Desk.answer", () => {
  it("refuses an unknown question", async () => {
    const { desk } = await bench();
    await expect(desk.answer("Q-nobody", { text: "x" }, localCaller)).rejects.toMatchObject({ code: "question_not_found" });
    await expect(desk.get("Q-nobody")).rejects.toMatchObject({ code: "question_not_found" });
  });

  it("leaves the question open when the answer is of the wrong form", async () => {
    const { desk } = await bench();
    const { question: open } = await desk.open(question);
    await expect(desk.answer(open.question_id, {}, localCaller)).rejects.toMatchObject({ code: "invalid_answer" });
    expect((await desk.get(open.question_id)).status).toBe("open");
    expect(await desk.answer(open.question_id, { text: "Ada" }, localCaller)).toMatchObject({ status: "closed" });
  });

  it("is told to nobody before it is durable", async () => {
    const { desk, store, settle } = await bench();
    const held = await desk.open(question);
    store.holdCommits();
    const seen: string[] = [];
    void held.answer.then(() => seen.push("asker"));
    void desk.answer(held.question.question_id, { text: "Ada" }, localCaller).then(() => seen.push("answerer"));
    await settle();
    expect(seen).toEqual([]);
    store.releaseCommits();
    await settle();
    expect(seen.toSorted()).toEqual(["answerer", "asker"]);
  });

  it("is refused without effect while the disk is full", async () => {
    const { desk, journal, store, settle } = await bench();
    const { question: open } = await desk.open(question);
    store.failCommits(1, "storage_full");
    journal.append({});
    await settle();
    await expect(desk.answer(open.question_id, { text: "Ada" }, localCaller)).rejects.toMatchObject({ code: "storage_full" });
    expect([(await desk.get(open.question_id)).status, desk.openCount]).toEqual(["open", 1]);
  });
});

describe("the deadline of a question", () => {
  it("applies the default answer", async () => {
    const { desk, clock, settle } = await bench();
    const held = await desk.open({ ...question, default_answer: "nobody" });
    clock.pass(59_999);
    expect(desk.openCount).toBe(1);
    clock.pass(1);
    await settle();
    expect(await held.answer).toEqual({ outcome: "answered", text: "nobody", defaulted: true });
  });

  it("is kept when it lies beyond the longest timer", async () => {
    const { desk, clock, settle } = await bench();
    const held = await desk.open({ ...question, timeout_ms: 2 ** 31 + 5_000 });
    clock.pass(2 ** 31 - 1);
    expect(desk.openCount).toBe(1);
    clock.pass(5_001);
    await settle();
    expect(await held.answer).toMatchObject({ outcome: "timed_out" });
  });

  it("goes on over a restart", async () => {
    const world = createDeskBench([]);
    const first = await world.start(makeDesk);
    const { question: open } = await first.desk.open({ ...question, id: "Q-own" });
    first.kill();
    world.clock.pass(59_000);
    const second = await world.start(makeDesk);
    expect(second.desk.openCount).toBe(1);
    const held = await second.desk.open({ ...question, id: "Q-own" });
    expect(held.question).toEqual(open);
    world.clock.pass(1_000);
    await world.settle();
    expect(await held.answer).toMatchObject({ outcome: "timed_out" });
  });
});

describe("the id of a question", () => {
  it("is above every one of the process before, though the clock stands still", async () => {
    const world = createDeskBench([]);
    const first = await world.start(makeDesk);
    const { question: before } = await first.desk.open(question);
    first.kill();
    const second = await world.start(makeDesk);
    expect((await second.desk.open(question)).question.question_id > before.question_id).toBe(true);
  });

  it("is above those of the process before, though the newest one was chosen by its asker", async () => {
    const world = createDeskBench([]);
    const first = await world.start(makeDesk);
    const { question: before } = await first.desk.open(question);
    await first.desk.open({ ...question, id: "Q-own" });
    first.kill();
    const second = await world.start(makeDesk);
    expect((await second.desk.open(question)).question.question_id > before.question_id).toBe(true);
  });
});
