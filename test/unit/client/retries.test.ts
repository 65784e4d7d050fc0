import { describe, expect, it } from "vitest";
import { AnodeError } from "../../../lib/errors.js";
import { codeOf, json, problem, scriptedClient, type Step } from "./fixtures.js";

const lost = new AnodeError("connection_lost", "gone");
const run: Step = () => json({ run_id: "R-1" }, 201);
const keysOf = (calls: readonly { headers: Readonly<Record<string, string>> }[]): unknown[] =>
  calls.map(({ headers }) => headers["idempotency-key"]);

describe("a call that fails", () => {
  it("is sent three times in all, 250 and 500 ms apart with jitter", async () => {
    const { client, calls, host } = scriptedClient([lost, problem("shutting_down"), lost]);
    const outcome = codeOf(client.runs.get({ id: "R-1" }));
    await host.clock.advance(124);
    expect(calls.length).toBe(1);
    await host.clock.advance(1);
    expect(calls.length).toBe(2);
    await host.clock.advance(249);
    expect(calls.length).toBe(2);
    await host.clock.advance(1);
    expect(calls.length).toBe(3);
    expect(await outcome).toBe("connection_lost");
    expect(host.clock.pending).toBe(0);
  });

  it("is repeated with the key of its first try", async () => {
    const { client, calls, host } = scriptedClient([lost, problem("queue_full"), run]);
    const started = client.runs.start({ prompt: "p" });
    await host.clock.advance(10_000);
    expect(await started).toEqual({ run_id: "R-1" });
    expect(new Set(keysOf(calls)).size).toBe(1);
    expect(calls[0]?.headers["idempotency-key"]).toMatch(/^\S{16,}$/);
  });

  it("has a fresh key for each call, and none where the contract takes none", async () => {
    const { client, calls } = scriptedClient([run, run, json({ removed: 0 }), run]);
    await client.runs.start({ prompt: "p" });
    await client.runs.start({ prompt: "p" });
    await client.runs.prune({ keep: 1 });
    await client.runs.start({ prompt: "p" }, { idempotencyKey: "mine" });
    const [first, second, none, mine] = keysOf(calls);
    expect(first).not.toBe(second);
    expect([none, mine]).toEqual([undefined, "mine"]);
  });

  it.each(["no_live_transport", "injection_failed"] as const)("is not repeated when it has had its end: %s", async (code) => {
    const { client, calls, host } = scriptedClient([problem(code), json({ correlation_id: "ask-1", delivery_state: "queued" }, 202)]);
    const outcome = codeOf(client.asks.ask({ to_peer: "api", text: "?" }));
    await host.clock.advance(10_000);
    expect([await outcome, calls.length]).toEqual([code, 1]);
  });

  it("waits as long as the server asks", async () => {
    const { client, calls, host } = scriptedClient([problem("too_many_streams", {}, { "retry-after": "7" }), json({ ready: true })]);
    const ready = client.ready();
    await host.clock.advance(6_999);
    expect(calls.length).toBe(1);
    await host.clock.advance(1);
    expect(await ready).toEqual({ ready: true });
  });

  const once: readonly (readonly [string, Step, "get" | "prune" | "start"])[] = [
    ["a POST that has no key", lost, "prune"],
    ["nobody listens", new AnodeError("connection_refused", "nobody"), "get"],
    ["the answer is a refusal", problem("run_not_found"), "get"],
    ["the server has a defect", problem("internal"), "get"],
    ["a package is missing", problem("executor_unavailable"), "start"],
    ["space is low", problem("storage_low"), "start"],
    ["the key is in use by somebody else", problem("idempotency_in_flight", {}, { "retry-after": "1" }), "start"],
    ["the credential is refused", problem("auth_invalid"), "get"],
    ["the server asks for minutes", problem("too_many_failures", {}, { "retry-after": "600" }), "get"],
    [
      "the answer is not ours",
      {
        status: 200,
        headers: { "content-type": "text/html" },
        body: (async function* () {
          yield new TextEncoder().encode("<p>");
        })(),
      },
      "get",
    ],
  ];
  it.each(once)("is not repeated when %s", async (_, step, method) => {
    const { client, calls, host } = scriptedClient([step]);
    const calling = {
      get: () => client.runs.get({ id: "R-1" }),
      prune: () => client.runs.prune({ keep: 1 }),
      start: () => client.runs.start({ prompt: "p" }),
    };
    const outcome = codeOf(calling[method]());
    await host.clock.advance(1_000_000);
    expect(await outcome).not.toBe("resolves");
    expect(calls.length).toBe(1);
  });

  it("asks again when its own lost try is still worked on", async () => {
    const { client, calls, host } = scriptedClient([lost, problem("idempotency_in_flight", {}, { "retry-after": "1" }), run]);
    const started = client.runs.start({ prompt: "p" });
    await host.clock.advance(2_000);
    expect(await started).toEqual({ run_id: "R-1" });
    expect(calls.length).toBe(3);
  });

  it("is the same question again when the connection of a blocking one was lost, under its own id and without a key", async () => {
    const answer = { correlation_id: "call-1234", outcome: "denied", reason: "canceled" };
    const { client, calls, host } = scriptedClient([lost, json(answer), json(answer)]);
    const question = { prompt: "?", options: [{ id: "allow", title: "Allow" }] };
    const asked = client.questions.askBlocking(question);
    await host.clock.advance(60_000);
    expect(await asked).toEqual(answer);
    await client.questions.askBlocking({ ...question, correlation_id: "call-own1" });
    const ids = calls.map(({ input }) => input["correlation_id"]);
    expect(ids[0]).toMatch(/^call-[A-Za-z0-9_-]{12,}$/);
    expect(ids).toEqual([ids[0], ids[0], "call-own1"]);
    expect(keysOf(calls)).toEqual([undefined, undefined, undefined]);
  });

  it.each(["question_full", "shutting_down", "too_many_waits", "correlation_conflict"] as const)(
    "is not asked again when a blocking question was refused with %s: whoever waits for it takes that for a denial",
    async (code) => {
      const { client, calls, host } = scriptedClient([problem(code, {}, { "retry-after": "1" })]);
      const asked = codeOf(client.questions.askBlocking({ prompt: "?", options: [{ id: "allow", title: "A" }] }));
      await host.clock.advance(60_000);
      expect([await asked, calls.length]).toEqual([code, 1]);
    },
  );

  it("is repeated as often as the call or the client says", async () => {
    const none = scriptedClient([lost], { retries: 0 });
    expect(await codeOf(none.client.status())).toBe("connection_lost");
    const one = scriptedClient([lost, lost]);
    const outcome = codeOf(one.client.status({}, { retries: 1 }));
    await one.host.clock.advance(60_000);
    expect(await outcome).toBe("connection_lost");
  });

  it("is lost in the middle of its answer and repeated", async () => {
    const half = {
      ...json({}),
      body: (async function* () {
        yield new TextEncoder().encode('{"rea');
        throw lost;
      })(),
    };
    const { client, host } = scriptedClient([half, json({ ready: true })]);
    const ready = client.ready();
    await host.clock.advance(1_000);
    expect(await ready).toEqual({ ready: true });
  });
});

describe("a call's own end", () => {
  const silent: Step = () => new Promise(() => {});

  it("is a timeout once its limit has passed, even if the carrier takes no notice", async () => {
    const { client, calls, host } = scriptedClient([silent]);
    const outcome = codeOf(client.runs.cancel({ id: "R-1" }, { timeoutMs: 500 }));
    await host.clock.advance(499);
    expect(calls[0]?.signal.aborted).toBe(false);
    await host.clock.advance(1);
    expect(await outcome).toBe("timeout");
    expect(calls[0]?.signal.aborted).toBe(true);
  });

  it("leaves no timer behind when the call is done in time", async () => {
    const { client, host } = scriptedClient([json({ ready: true })]);
    expect(await client.ready({}, { timeoutMs: 500 })).toEqual({ ready: true });
    expect(host.clock.pending).toBe(0);
  });

  it("covers the waits between tries", async () => {
    const { client, calls, host } = scriptedClient([problem("queue_full", {}, { "retry-after": "30" })]);
    const outcome = codeOf(client.runs.start({ prompt: "p" }, { timeoutMs: 1_000 }));
    await host.clock.advance(1_000);
    expect(await outcome).toBe("timeout");
    expect(calls.length).toBe(1);
    expect(host.clock.pending).toBe(0);
  });

  it("is aborted by its signal, before and during the call", async () => {
    const { client, calls } = scriptedClient([silent]);
    const abort = new AbortController();
    const outcome = codeOf(client.status({}, { signal: abort.signal }));
    await new Promise(setImmediate);
    abort.abort(new Error("why"));
    expect(await outcome).toBe("aborted");
    expect(await codeOf(client.status({}, { signal: abort.signal }))).toBe("aborted");
    expect(calls.length).toBe(1);
  });

  it("is aborted when the client closes", async () => {
    const { client } = scriptedClient([silent]);
    const outcome = codeOf(client.status());
    await client.close();
    await client.close();
    expect(await outcome).toBe("aborted");
    expect(await codeOf(client.status())).toBe("aborted");
  });
});

describe("onlookers", () => {
  it("see every try without the credential and without bodies", async () => {
    const seen: unknown[] = [];
    const { client, host } = scriptedClient([lost, run], {
      token: "anode_secret",
      onRequest: (info) => seen.push(info),
      onResponse: (info) => seen.push(info),
      onRetry: (info) => seen.push(info),
    });
    const started = client.runs.start({ prompt: "private" });
    await host.clock.advance(1_000);
    await started;
    expect(seen).toMatchObject([
      { operation: "runs.start", attempt: 1, headers: { authorization: "[redacted]" } },
      { operation: "runs.start", attempt: 1, delayMs: 125, error: { code: "connection_lost" } },
      { operation: "runs.start", attempt: 2 },
      { operation: "runs.start", attempt: 2, status: 201 },
    ]);
    expect(JSON.stringify(seen)).not.toMatch(/secret|private/);
  });

  it("change nothing by throwing", async () => {
    const { client } = scriptedClient([problem("run_not_found")], {
      onRequest: () => {
        throw new Error("mine");
      },
    });
    expect(await codeOf(client.runs.get({ id: "R-1" }))).toBe("run_not_found");
  });
});
