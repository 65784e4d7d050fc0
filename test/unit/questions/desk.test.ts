import { describe, expect, it } from "vitest";
import { localCaller } from "../../../lib/caller.js";
import { Desk } from "../../../lib/questions/desk.js";
import type { OpenQuestion } from "../../../lib/questions/desk-types.js";
import { approvalOptions } from "../../../lib/questions/judge.js";
import { createDeskBench, type DeskParts, makeDesk } from "../../support/proofs/desk-bench.js";

const question: OpenQuestion = { kind: "text", scope: "mesh_ask", prompt: "Name?", owner: { peer_id: "P-1" }, timeout_ms: 60_000 };
const ofRun: OpenQuestion = { ...question, owner: { run_id: "R-1" }, stream: "run:R-1" };
const approval: OpenQuestion = {
  ...ofRun,
  kind: "choice",
  scope: "tool_permission",
  options: [...approvalOptions],
  unattended: "deny",
};

async function bench() {
  const bench = createDeskBench(["R-1", "R-2"]);
  const logged: unknown[][] = [];
  const timers = new Set<object>();
  const heard = ({ host, ...parts }: DeskParts): Desk => {
    const schedule: typeof host.clock.schedule = (task, ms) => {
      const timer = {};
      const cancel = host.clock.schedule(() => {
        timers.delete(timer);
        task();
      }, ms);
      timers.add(timer);
      return () => {
        timers.delete(timer);
        cancel();
      };
    };
    return new Desk({ ...parts, host: { ...host, clock: { ...host.clock, schedule }, log: (...line) => void logged.push(line) } });
  };
  const { desk, journal, store } = await bench.start(heard);
  return Object.assign(bench, { desk: desk as Desk, journal, store, logged, timers });
}
/** One that somebody waits for: only these are limited in number. */
const awaited: OpenQuestion = { ...question, scope: "user_question" };

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

  it("refuses another content under a known id, open or closed, and the same one once it has ended long ago", async () => {
    const { desk, clock } = await bench();
    await desk.open({ ...question, id: "Q-own" });
    const other = { ...question, id: "Q-own", prompt: "Age?" };
    await expect(desk.open(other)).rejects.toMatchObject({ code: "correlation_conflict" });
    await desk.answer("Q-own", { text: "Ada" }, localCaller);
    await expect(desk.open(other)).rejects.toMatchObject({ code: "correlation_conflict" });
    clock.pass(120_000);
    await expect(desk.open({ ...question, id: "Q-own" })).rejects.toMatchObject({ code: "question_closed", status: 410 });
  });

  it("joins an equal question that is being opened in the same moment", async () => {
    const { desk } = await bench();
    const both = await Promise.allSettled([desk.open({ ...question, id: "Q-own" }), desk.open({ ...question, id: "Q-own" })]);
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  });

  it("refuses more than the limit", async () => {
    const { desk } = await bench();
    for (let n = 0; n < 256; n += 1) await desk.open(awaited);
    await expect(desk.open(awaited)).rejects.toMatchObject({ code: "question_full" });
    expect(desk.openCount).toBe(256);
  });
});

describe("what Desk.open keeps", () => {
  it("is the content as it was asked, with the desk's own fields, in the record, the run's stream and the feed alike", async () => {
    const subject = await bench();
    const asked: OpenQuestion = {
      ...approval,
      owner: { run_id: "R-1" },
      recipient: "P-2",
      mostOfOwner: 3,
      tool: { call_id: "c", name: "n", level: "l", args: { a: 1 } },
      default_answer: "deny",
      metadata: { m: 1 },
    };
    const { question: held } = await subject.desk.open(asked);
    const { stream: _s, owner, mostOfOwner: _m, unattended: _u, timeout_ms: _t, ...content } = asked;
    expect(held).toEqual({
      ...content,
      ...owner,
      question_id: expect.stringMatching(/^Q-\d{19}_1$/),
      digest: expect.any(String),
      asked_at: "2025-10-09T08:53:20.000Z",
      deadline: "2025-10-09T08:54:20.000Z",
      status: "open",
    });
    const { status: _status, ...told } = held;
    const [[inRun], [inFeed]] = [await subject.events("run:R-1"), await subject.events("feed")];
    expect([inRun?.type, inRun?.payload, inFeed?.type, inFeed?.payload, inFeed?.run_id]).toEqual([
      "question.asked",
      told,
      "question.asked",
      told,
      "R-1",
    ]);
  });

  it("lasts ten minutes when nothing else is said, and waits when nobody is there", async () => {
    const subject = await bench();
    subject.present = false;
    const { timeout_ms: _t, unattended: _u, ...bare } = approval;
    const { question: held } = await subject.desk.open(bare);
    expect(Date.parse(held.deadline) - Date.parse(held.asked_at)).toBe(600_000);
    expect(held).not.toHaveProperty("recipient");
    expect(subject.desk.openCount).toBe(1);
  });

  it.each<[string, Partial<OpenQuestion>]>([
    ["scope", { scope: "user_question" }],
    ["kind", { kind: "acknowledge" }],
    ["prompt", { prompt: "Age?" }],
    ["options", { kind: "choice", options: [{ id: "a", title: "A" }] }],
    ["tool", { tool: { call_id: "c", name: "n", level: "l", args: {} } }],
    ["metadata", { metadata: { a: 1 } }],
  ])("has another digest for another %s, so that the id is refused", async (_, other) => {
    const { desk } = await bench();
    await desk.open({ ...question, id: "Q-own" });
    await expect(desk.open({ ...question, ...other, id: "Q-own" })).rejects.toMatchObject({ code: "correlation_conflict" });
    expect(desk.openCount).toBe(1);
  });

  it("is nothing when it is refused, or cannot be stored", async () => {
    const { desk, store } = await bench();
    await expect(desk.open({ ...question, kind: "choice" })).rejects.toMatchObject({ code: "invalid_request" });
    expect(desk.openCount).toBe(0);
    store.failCommits(1, "store_failed");
    await expect(desk.open(question)).rejects.toMatchObject({ code: "store_failed" });
  });

  it("is told to the asker after its commit only", async () => {
    const { desk, store, settle } = await bench();
    store.holdCommits();
    const seen: string[] = [];
    void desk.open(question).then(() => seen.push("asker"));
    await settle();
    expect([seen, desk.openCount]).toEqual([[], 1]);
    store.releaseCommits();
    await settle();
    expect(seen).toEqual(["asker"]);
  });
});

describe("the limits of Desk.open", () => {
  it("say when to come again where the whole desk is full", async () => {
    const { desk } = await bench();
    for (let n = 0; n < 256; n += 1) await desk.open(awaited);
    await expect(desk.open(awaited)).rejects.toMatchObject({ code: "question_full", retryAfterSeconds: 5 });
  });

  it("neither count the questions of asks nor take their ends for room", async () => {
    const { desk } = await bench();
    const ofAsk = { ...question, scope: "mesh_ask", owner: { peer_id: "P-1" }, recipient: "P-2" } as const;
    const { question: first } = await desk.open(ofAsk);
    const { question: oldest } = await desk.open(awaited);
    for (let n = 1; n < 256; n += 1) await desk.open(awaited);
    await desk.open(ofAsk);
    await desk.answer(first.question_id, { text: "Ada" }, localCaller);
    await expect(desk.open(awaited)).rejects.toMatchObject({ code: "question_full" });
    // One that is waited for gives its place back.
    await desk.answer(oldest.question_id, { text: "Ada" }, localCaller);
    await expect(desk.open(awaited)).resolves.toBeDefined();
    await expect(desk.open(awaited)).rejects.toMatchObject({ code: "question_full" });
  });

  it("count the questions of an owner, and those of no other", async () => {
    const { desk } = await bench();
    const limited = { ...ofRun, scope: "user_question", mostOfOwner: 2 } as const;
    await desk.open({ ...ofRun, owner: { run_id: "R-2" }, stream: "run:R-2" });
    const { question: first } = await desk.open(limited);
    const { question: second } = await desk.open(limited);
    await expect(desk.open(limited)).rejects.toMatchObject({ code: "question_full" });
    expect(desk.openOf("R-1")).toEqual([first, second]);
    expect(desk.openOf("R-3")).toEqual([]);
    await desk.answer(first.question_id, { text: "Ada" }, localCaller);
    await expect(desk.open(limited)).resolves.toBeDefined();
    // No run, no owner to count for.
    for (const owner of [{}, { peer_id: "P-1" }]) await expect(desk.open({ ...question, owner, mostOfOwner: 0 })).resolves.toBeDefined();
  });
});

describe("Desk.closing", () => {
  it("has nothing for a run without open questions, whatever the others have", async () => {
    const { desk, journal } = await bench();
    expect(desk.closing("R-1", "canceled")).toEqual({});
    await desk.open({ ...ofRun, owner: { run_id: "R-2" }, stream: "run:R-2" });
    const closing = desk.closing("R-1", "canceled");
    expect(closing).toEqual({});
    journal.append(closing);
    expect(desk.openCount).toBe(1);
  });

  it("ends all of a run's in one step, each in its own stream if it has one, and tells their askers when it is durable", async () => {
    const subject = await bench();
    const { desk, journal, store, settle } = subject;
    const { stream: _s, ...streamless } = ofRun;
    const both = [await desk.open(ofRun), await desk.open(streamless)];
    await desk.open({ ...ofRun, owner: { run_id: "R-2" }, stream: "run:R-2" });
    const step = desk.closing("R-1", "shutdown");
    expect(desk.openCount).toBe(3);
    store.holdCommits();
    journal.append(step);
    const heard: unknown[] = [];
    for (const held of both) void held.answer.then((ending) => heard.push(ending));
    await settle();
    expect([heard, desk.openCount]).toEqual([[], 1]);
    store.releaseCommits();
    await settle();
    const ending = { outcome: "canceled", reason: "shutdown" };
    expect(heard).toEqual([ending, ending]);
    const closings = both.map(({ question: { question_id } }) => ({ question_id, ...ending }));
    const closedIn = async (stream: string) =>
      (await subject.events(stream)).filter(({ type }) => type === "question.closed").map(({ payload, run_id }) => ({ payload, run_id }));
    expect(await closedIn("feed")).toEqual(closings.map((payload) => ({ payload, run_id: "R-1" })));
    expect((await closedIn("run:R-1")).map(({ payload }) => payload)).toEqual([closings[0]]);
    expect(await desk.get(both[1]?.question.question_id ?? "")).toMatchObject({ status: "closed", ...ending });
  });
});

describe("an approval that nobody is there to give", () => {
  it("is denied at once when nobody has been there", async () => {
    const { desk, settle } = Object.assign(await bench(), { present: false });
    const held = await desk.open(approval);
    await settle();
    expect([await held.answer, desk.openCount]).toEqual([{ outcome: "denied", decision: "deny", reason: "no_approver" }, 0]);
  });

  it.each<[string, OpenQuestion]>([
    ["waits when it is told to", { ...approval, unattended: "wait" }],
    ["is a matter of approvals only", { ...ofRun, unattended: "deny" }],
  ])("%s", async (_, input) => {
    const subject = Object.assign(await bench(), { present: false });
    await subject.desk.open(input);
    subject.desk.presenceChanged();
    subject.clock.pass(6_000);
    await subject.settle();
    expect(subject.desk.openCount).toBe(1);
  });

  it("is denied five seconds after the last approver has left, once, and not if one comes back", async () => {
    const subject = await bench();
    const { desk, clock, settle } = subject;
    const held = await desk.open(approval);
    const presence = (present: boolean): void => {
      subject.present = present;
      desk.presenceChanged();
    };
    presence(false);
    clock.pass(4_000);
    presence(true);
    clock.pass(5_000);
    expect(desk.openCount).toBe(1);
    presence(false);
    clock.pass(1_000);
    presence(false);
    presence(true);
    clock.pass(5_000);
    // No wait of before goes on beside the one that was called off.
    expect(desk.openCount).toBe(1);
    presence(false);
    clock.pass(3_000);
    // Another change without anybody there does not begin the wait anew.
    presence(false);
    clock.pass(1_999);
    expect(desk.openCount).toBe(1);
    clock.pass(1);
    await settle();
    expect(await held.answer).toEqual({ outcome: "denied", decision: "deny", reason: "no_approver" });
  });
});

describe("Desk.stop", () => {
  it("lets no timer end a question any more; the next process takes it over", async () => {
    const subject = await bench();
    const { desk, clock, settle } = subject;
    await desk.open(approval);
    await desk.open(question);
    subject.present = false;
    desk.presenceChanged();
    desk.stop();
    clock.pass(120_000);
    await settle();
    expect(desk.openCount).toBe(2);
  });
});

describe("Desk.recover", () => {
  it("takes over every open question and no other, with its stream, and ends at once what is overdue", async () => {
    const subject = await bench();
    const { desk, clock, inner, settle } = subject;
    const { question: answered } = await desk.open({ ...ofRun, id: "Q-answered" });
    await desk.answer(answered.question_id, { text: "Ada" }, localCaller);
    for (const id of ["Q-run", "Q-next"]) await desk.open({ ...ofRun, id });
    const puts = Array.from({ length: 1001 }, (_, n) => ({
      collection: "questions",
      id: `Q-${n}`,
      record: { ...question, question_id: `Q-${n}`, status: "open", asked_at: answered.asked_at, deadline: "2026-01-02T03:04:05.678Z" },
      expectedRevision: 0,
    }));
    await inner.commit({ puts });
    desk.stop();
    clock.pass(90_000);
    const next = await subject.start(makeDesk);
    expect(next.desk.openCount).toBe(1003);
    expect((next.desk as Desk).openOf("R-1").map(({ question_id }) => question_id)).toEqual(["Q-run", "Q-next"]);
    clock.pass(0);
    await settle();
    expect(next.desk.openCount).toBe(1001);
    expect(await next.desk.get("Q-run")).toMatchObject({ status: "closed", outcome: "timed_out" });
    expect((await subject.events("run:R-1")).at(-1)).toMatchObject({ type: "question.closed", payload: { question_id: "Q-next" } });
    await next.desk.answer("Q-1000", { text: "Ada" }, localCaller);
    expect(next.desk.openCount).toBe(1000);
  });

  it("lets an approval of the process before wait for its approver", async () => {
    const subject = await bench();
    await subject.desk.open(approval);
    subject.desk.stop();
    subject.present = false;
    const { desk } = await subject.start(makeDesk);
    desk.presenceChanged();
    subject.clock.pass(6_000);
    expect(desk.openCount).toBe(1);
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
    expect(await second.answer).toStrictEqual({ outcome: "canceled", reason: "canceled" });
    expect(await desk.get("Q-own")).toMatchObject({ status: "closed", outcome: "canceled" });
  });

  it("changes nothing when the question has ended", async () => {
    const subject = await bench();
    const { desk, settle, logged } = subject;
    const held = await desk.open({ ...question, id: "Q-own" });
    await desk.answer("Q-own", { text: "Ada" }, localCaller);
    held.leave();
    await settle();
    expect(await desk.get("Q-own")).toMatchObject({ outcome: "answered", text: "Ada" });
    expect((await subject.events("feed")).filter(({ type }) => type === "question.closed")).toHaveLength(1);
    expect(logged).toEqual([]);
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

describe("an ending", () => {
  it("tells everybody the same: the answerer, the asker, the record, the stream and the feed", async () => {
    const subject = await bench();
    const { stream: _s, ...ofPeer } = { ...approval, owner: { run_id: "R-1", peer_id: "P-1" } };
    for (const input of [{ ...ofPeer, stream: "run:R-1" }, ofPeer]) {
      const held = await subject.desk.open(input);
      const { question_id } = held.question;
      subject.clock.pass(1_000);
      const closed = await subject.desk.answer(question_id, { option_id: "deny", message: "no" }, localCaller);
      const ending = { outcome: "denied", decision: "deny", option_id: "deny", message: "no", reason: "denied", by: "local" };
      expect(await held.answer).toStrictEqual(ending);
      expect(closed).toEqual({
        ...held.question,
        ...ending,
        status: "closed",
        closed_at: expect.stringMatching(/^2025-10-09T08:53:2[12]/),
      });
      expect(await subject.desk.get(question_id)).toEqual(closed);
      expect((await subject.events("feed")).at(-1)).toMatchObject({ type: "question.closed", run_id: "R-1", peer_id: "P-1" });
      expect((await subject.events("feed")).at(-1)?.payload).toEqual({ question_id, ...ending });
    }
    const inRun = await subject.events("run:R-1");
    expect(inRun.map(({ type }) => type)).toEqual(["question.asked", "question.closed"]);
  });

  it("takes with it what the answerer adds to its commit", async () => {
    const { desk, store } = await bench();
    const { question: open } = await desk.open(question);
    const commits = store.calls.commit;
    await desk.answer(open.question_id, { text: "Ada" }, localCaller, ({ question_id, status }) => [
      { collection: "c", id: "x", record: { question_id, status }, expectedRevision: 0 },
    ]);
    expect((await store.get("c", "x"))?.record).toEqual({ question_id: open.question_id, status: "closed" });
    expect(store.calls.commit).toBe(commits + 1);
  });

  it("is named to those who come after it", async () => {
    const { desk } = await bench();
    const { question: open } = await desk.open(question);
    const { closed_at } = await desk.answer(open.question_id, { text: "Ada" }, localCaller);
    await expect(desk.answer(open.question_id, { text: "Bob" }, localCaller)).rejects.toMatchObject({
      code: "question_closed",
      details: { outcome: "answered", closed_at },
    });
  });

  it("leaves no timer that could end the question again", async () => {
    const subject = await bench();
    const { desk, clock, settle, logged, timers } = subject;
    const { question: open } = await desk.open(approval);
    subject.present = false;
    desk.presenceChanged();
    expect(timers.size).toBe(2);
    await desk.answer(open.question_id, { option_id: "deny" }, localCaller);
    expect(timers.size).toBe(0);
    const before = (await subject.events("feed")).length;
    clock.pass(120_000);
    await settle();
    expect([(await subject.events("feed")).length, logged]).toEqual([before, []]);
  });

  it("is logged when a lost store does not take it, and those who wait hear of the loss", async () => {
    const { desk, store, clock, settle, logged } = await bench();
    const held = await desk.open(question);
    store.failCommits(1, "store_failed");
    clock.pass(60_000);
    await expect(held.answer).rejects.toMatchObject({ code: "store_failed" });
    await settle();
    expect(logged).toEqual([
      ["warn", "question.close_failed", { question_id: held.question.question_id, error: expect.stringContaining("store_failed") }],
    ]);
  });

  it("that is lost troubles no process whose asker does not look", async () => {
    const { desk, store, clock, settle } = await bench();
    await desk.open(question);
    store.failCommits(1, "store_failed");
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    clock.pass(60_000);
    await settle();
    process.off("unhandledRejection", note);
    expect([desk.openCount, unhandled]).toEqual([0, []]);
  });

  it("by a deadline is not held back by a full disk", async () => {
    const { desk, journal, store, clock, settle } = await bench();
    await desk.open(question);
    store.failCommits(1, "storage_full");
    journal.append({});
    await settle();
    clock.pass(60_000);
    expect(desk.openCount).toBe(0);
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
    expect(await held.answer).toStrictEqual({ outcome: "answered", text: "nobody", defaulted: true });
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
