import { describe, expect } from "vitest";
import type { FeedOptions } from "../../adapters/client/index.js";
import type { StreamEvent } from "../../lib/events/event.js";
import { newUser, says, scriptedDaemon } from "../support/program.js";
import type { Subject } from "./subjects.js";
import { verifies, verifiesWith } from "./verifies.js";

async function doneRun({ client }: Subject, prompt = "x"): Promise<string> {
  const { run_id } = await client.runs.start({ prompt });
  await client.runs.wait({ id: run_id, timeout_ms: 20_000 });
  return run_id;
}

/** What a reader of the feed sees until it has seen enough. */
async function readUntil(
  { client }: Subject,
  isEnough: (event: StreamEvent) => boolean,
  options: FeedOptions = {},
): Promise<StreamEvent[]> {
  const seen: StreamEvent[] = [];
  for await (const event of client.events(options)) {
    seen.push(event);
    if (isEnough(event)) break;
  }
  return seen;
}

const seqsOf = (events: readonly { seq: number }[]): number[] => events.map(({ seq }) => seq);
const upTo = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, index) => first + index);
const codeOf = (text: string): unknown => (JSON.parse(text) as { code?: unknown }).code;
const idsIn = (text: string): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

describe("the feed", () => {
  verifies("anode.events.list", async (subject) => {
    const { client } = subject;
    expect(await client.events.list()).toEqual({ events: [], first_seq: 0, last_seq: 0, next_after: 0 });
    const ids = [await doneRun(subject), await doneRun(subject)];
    const page = await client.events.list();
    expect(page.events).toMatchObject(
      ids.flatMap((run_id) => [
        { type: "run.state", run_id, payload: { run_id, to: "queued", origin: "request", profile: "craft" } },
        { type: "run.state", run_id, payload: { from: "queued", to: "running" } },
        { type: "run.state", run_id, payload: { from: "running", to: "completed", stop_reason: "end_turn" } },
      ]),
    );
    expect(page.events.map(({ id }) => id)).toEqual(upTo(6).map((seq) => `evt_${seq}`));
    expect(page.events.some((event) => "status" in event)).toBe(false);
    expect({ ...page, events: 0 }).toEqual({ events: 0, first_seq: 1, last_seq: 6, next_after: 6 });
    const part = await client.events.list({ after: 2, limit: 2 });
    expect([seqsOf(part.events), part.next_after]).toEqual([[3, 4], 4]);
    expect(seqsOf((await client.events.list({ tail: 2 })).events)).toEqual([5, 6]);
  });

  verifies("anode.events.stream", async (subject) => {
    const { client } = subject;
    const before = await doneRun(subject);
    const events = client.events();
    const seen: StreamEvent[] = [];
    for (const _ of upTo(3)) seen.push((await events.next()).value as StreamEvent);
    const next = events.next();
    const { run_id } = await client.runs.start({ prompt: "later" });
    seen.push((await next).value as StreamEvent);
    for (const _ of upTo(2)) seen.push((await events.next()).value as StreamEvent);
    expect(seqsOf(seen)).toEqual(upTo(6));
    expect(seen.map((event) => event.run_id)).toEqual([before, before, before, run_id, run_id, run_id]);
    const waiting = events.next();
    await expect.poll(async () => (await client.status())["readers"]).toBe(1);
    await events.return?.();
    expect((await waiting).done).toBe(true);
    await expect.poll(async () => (await client.status())["readers"]).toBe(0);
    // Only what is there, and then the end.
    const there: StreamEvent[] = [];
    for await (const event of client.events({ follow: false })) there.push(event);
    expect(there).toEqual(seen);
  });

  verifies("anode.events.sse", async (subject) => {
    await doneRun(subject);
    const { events } = await subject.client.events.list();
    const reply = await subject.raw("GET", "/events/stream?follow=false");
    expect(reply).toMatchObject({
      status: 200,
      headers: { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform", "x-accel-buffering": "no" },
    });
    const [opening, ...blocks] = reply.text.trimEnd().split("\n\n");
    expect(opening).toBe("retry: 1000");
    expect(blocks).toEqual(events.map((event) => `id: ${event.seq}\ndata: ${JSON.stringify(event)}`));
    const lines = await subject.raw("GET", "/events/stream?follow=false", { headers: { accept: "application/x-ndjson" } });
    expect(lines).toMatchObject({ status: 200, headers: { "content-type": "application/x-ndjson" } });
    expect(lines.text).toBe(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
    const page = await subject.raw("GET", "/events/stream?limit=2", { headers: { accept: "application/json" } });
    expect(JSON.parse(page.text)).toMatchObject({ events: events.slice(0, 2), next_after: 2 });
    expect((await subject.raw("GET", "/events/stream", { headers: { accept: "image/png" } })).status).toBe(406);
  });

  verifies("anode.events.cursor", async (subject) => {
    await doneRun(subject);
    const ids = async (query: string, headers: Record<string, string> = {}): Promise<number[]> =>
      idsIn((await subject.raw("GET", `/events/stream?follow=false${query}`, { headers })).text);
    expect(await ids("")).toEqual([1, 2, 3]);
    expect(await ids("&after=1")).toEqual([2, 3]);
    expect(await ids("&after=3")).toEqual([]);
    // A tail names the place it begins at.
    expect(await ids("&tail=1")).toEqual([2, 3]);
    expect(await ids("&tail=0")).toEqual([3]);
    expect(await ids("&after=1&tail=0", { "last-event-id": "2" })).toEqual([3]);
    for (const [path, headers, code] of [
      ["/events?after=x", {}, "invalid_cursor"],
      ["/events/stream?after=-1", {}, "invalid_cursor"],
      ["/events/stream", { "last-event-id": "1.5" }, "invalid_cursor"],
      ["/events?after=4", {}, "cursor_ahead"],
      ["/events/stream?after=4", {}, "cursor_ahead"],
      ["/events/stream", { "last-event-id": "99" }, "cursor_ahead"],
      ["/events?tail=x", {}, "invalid_request"],
      ["/events?limit=0", {}, "invalid_request"],
      ["/events?nonsense=1", {}, "invalid_request"],
    ] as const) {
      const { status, text } = await subject.raw("GET", path, { headers });
      expect([path, status, codeOf(text)]).toEqual([path, 400, code]);
      if (code === "cursor_ahead") expect(JSON.parse(text)).toMatchObject({ last_seq: 3 });
    }
  });

  verifies(
    "anode.events.gap",
    async (subject) => {
      for (const _ of upTo(40)) await doneRun(subject);
      const { first_seq, last_seq } = await subject.client.events.list({ limit: 1 });
      expect(last_seq).toBe(120);
      expect(last_seq - first_seq).toBeLessThan(30);
      const seen = await readUntil(subject, ({ seq }) => seq === last_seq, { after: 5 });
      expect(seen[0]).toMatchObject({ type: "system.gap", seq: first_seq - 1, payload: { from_seq: 6, to_seq: first_seq - 1 } });
      expect(seen.slice(1).every(({ type }) => type === "run.state")).toBe(true);
      expect(seqsOf(seen)).toEqual(upTo(last_seq, first_seq - 1));
      const page = await subject.client.events.list({ after: 5, limit: 3 });
      expect(seqsOf(page.events)).toEqual([first_seq - 1, first_seq, first_seq + 1]);
      expect(seqsOf((await subject.client.events.list({ limit: 2 })).events)).toEqual([first_seq, first_seq + 1]);
    },
    { limits: { feedEventsInMemory: 30 } },
  );

  verifies("anode.events.filter", async (subject) => {
    const { client } = subject;
    await doneRun(subject);
    const { run_id } = await client.runs.start({ prompt: "x", profile: "ask" });
    const types = ["question.asked", "question.closed"];
    const asked = await readUntil(subject, () => true, { types });
    expect(asked).toMatchObject([{ type: "question.asked", run_id, payload: { prompt: "Run ls?" } }]);
    const question_id = String(asked[0]?.payload["question_id"]);
    await client.runs.answer({ id: run_id, question_id, option_id: "deny" });
    await client.runs.wait({ id: run_id });
    const both: StreamEvent[] = [];
    for await (const event of client.events({ types, follow: false })) both.push(event);
    expect(both.map(({ type, payload }) => [type, payload["question_id"], payload["decision"]])).toEqual([
      ["question.asked", question_id, undefined],
      ["question.closed", question_id, "deny"],
    ]);
    expect(seqsOf((await client.events.list({ types })).events)).toEqual(seqsOf(both));
    expect((await client.events.list({ types: ["run.state"], peer_id: "peer-1" })).events).toEqual([]);
    if (subject.carrier === "in_process") return;
    const { last_seq } = await client.events.list({ tail: 0 });
    const { text } = await subject.raw("GET", "/events/stream?follow=false&types=question.asked,question.closed");
    expect(idsIn(text)).toEqual([...seqsOf(both), last_seq]);
  });

  verifies("anode.events.approver", async (subject) => {
    const { client } = subject;
    const request = { prompt: "x", profile: "ask", approval: { unattended: "deny" } } as const;
    const { run_id: alone } = await client.runs.start(request);
    expect(await client.runs.wait({ id: alone })).toMatchObject({ status: "completed", result: "deny" });
    const events = client.events({ tail: 0, approver: true });
    const next = events.next();
    await expect.poll(async () => (await client.status())["readers"]).toBe(1);
    const { run_id } = await client.runs.start(request);
    await next;
    let asked: StreamEvent | undefined;
    while (asked?.type !== "question.asked") asked = (await events.next()).value as StreamEvent;
    await client.runs.answer({ id: run_id, question_id: String(asked.payload["question_id"]), option_id: "allow_once" });
    expect(await client.runs.wait({ id: run_id })).toMatchObject({ status: "completed", result: "allow" });
    await events.return?.();
  });

  verifiesWith("anode.events.list", "curl", async () => {
    const user = newUser();
    const daemon = await scriptedDaemon(user);
    const url = daemon.addresses.find((address) => address.startsWith("http")) ?? "";
    await (await daemon.manager.start({ prompt: "x" })).done();
    const page = JSON.parse((await user.run("curl", "-sS", `${url}/events?limit=2`)).out);
    // With the memory store seqs begin beyond those of any daemon before.
    const first = page.first_seq;
    expect(first).toBeGreaterThan(1e15);
    expect(page).toMatchObject({
      events: [{ seq: first, type: "run.state" }, { seq: first + 1 }],
      last_seq: first + 2,
      next_after: first + 1,
    });
  });

  verifiesWith("anode.events.stream", "curl", async () => {
    const user = newUser();
    const daemon = await scriptedDaemon(user);
    const url = daemon.addresses.find((address) => address.startsWith("http")) ?? "";
    const reading = user.run("curl", "-N", "-sS", `${url}/events/stream`);
    const run = await daemon.manager.start({ prompt: "x", profile: "hang" });
    await expect.poll(async () => (await daemon.manager.stats()).readers).toBe(1);
    await daemon.close();
    // The reader outlives the run and is ended by the daemon's own end, in order, with the last change in its hand.
    const { code, out } = await reading;
    const [first = 0, ...others] = idsIn(out);
    expect([code, others]).toEqual([0, [first + 1, first + 2]]);
    expect(out.startsWith(`retry: 1000\n\nid: ${first}\ndata: {`)).toBe(true);
    expect(out).toContain(run.id);
    expect(out).toContain('"to":"interrupted"');
  });

  verifiesWith("anode.events.list", "cli", async () => {
    const user = newUser();
    expect(await user.anode("events")).toMatchObject({ code: 3, out: "", err: expect.stringContaining("daemon") });
    const daemon = await scriptedDaemon(user);
    const run = await daemon.manager.start({ prompt: "x", run_label: "odd \u202e" });
    await run.done();
    const { code, out, err } = await user.anode("events");
    expect([code, err]).toEqual([0, ""]);
    const first = Number(/^\S+ {2}(\d+)/.exec(out)?.[1]);
    expect(out.split("\n")).toEqual([
      expect.stringMatching(`  ${first}  run.state  ${run.id} queued craft odd \\\\u202e$`),
      expect.stringMatching(`  ${first + 1}  run.state  ${run.id} queued -> running craft`),
      expect.stringMatching(`  ${first + 2}  run.state  ${run.id} running -> completed end_turn craft`),
      "",
    ]);
    expect((await user.anode("events", "--tail", "1")).out).toMatch(new RegExp(`^\\S+  ${first + 2}  run\\.state[^\\n]*\\n$`));
    expect((await user.anode("events", "--after", String(first))).out.split("\n")).toHaveLength(3);
    // A cursor from a daemon before this one.
    expect((await user.anode("events", "--after", "9")).out.split("\n")).toEqual([
      expect.stringMatching(`  system.gap  events 10 to ${first - 1} are no longer kept$`),
      ...out.split("\n"),
    ]);
    const ahead = await user.anode("events", "--after", String(first + 9));
    expect(ahead).toMatchObject({ code: 2, err: expect.stringContaining(`newest event, ${first + 2}`) });
    const lines = (await user.anode("events", "--json")).out.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { seq: first },
      { seq: first + 1 },
      { seq: first + 2, payload: { to: "completed" } },
    ]);
    expect(lines.join("")).not.toContain("\u202e");
  });

  verifiesWith("anode.events.filter", "cli", async () => {
    const user = newUser();
    const daemon = await scriptedDaemon(user);
    const run = await daemon.manager.start({ prompt: "x", profile: "ask", approval: { unattended: "deny" } });
    await run.done();
    const { out, err } = await user.anode("events", "--types", "question.asked", "--types", "question.closed,peer.status", "--json");
    expect(err).toBe("");
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).type),
    ).toEqual(["question.asked", "question.closed"]);
    // An embedder may have types of its own, so that it is no error.
    expect(await user.anode("events", "--types", "question.aksed,run.state", "--tail", "1")).toMatchObject({
      code: 0,
      out: expect.stringContaining("  run.state  "),
      err: expect.stringMatching(
        /^anode: --types: question\.aksed is no type of the feed that is known here; these are: .*question\.asked/,
      ),
    });
  });

  verifiesWith("anode.events.stream", "cli", async () => {
    const user = newUser();
    const started = user.start("daemon");
    await says(started, "listening on unix:");
    const runs = async (): Promise<void> => {
      expect((await user.anode("runs", "start", "--attach", "--exec", "--", "true")).code).toBe(0);
    };
    await runs();
    const reading = user.start("events", "--follow", "--json");
    let out = "";
    let err = "";
    reading.stdout?.setEncoding("utf8").on("data", (part: string) => (out += part));
    reading.stderr?.setEncoding("utf8").on("data", (part: string) => (err += part));
    const seen = (): number[] =>
      out
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line).seq as number);
    await expect.poll(seen).toEqual([1, 2, 3]);
    // The daemon goes away, by force, and comes back: the reader notices, says so once, and goes on.
    started.kill("SIGKILL");
    await new Promise((resolve) => started.once("exit", resolve));
    await expect.poll(() => err).toBe("anode: the connection was lost, connecting again\n");
    await says(user.start("daemon"), "listening on unix:");
    await runs();
    await expect.poll(seen, { timeout: 15_000 }).toEqual([1, 2, 3, 4, 5, 6]);
    reading.kill("SIGINT");
    expect(await new Promise((resolve) => reading.once("exit", resolve))).toBe(130);
    expect(err).toBe("anode: the connection was lost, connecting again\n");
  });
});
