import { describe, expect, it } from "vitest";
import type { AttachOptions } from "../../../adapters/client/attach.js";
import type { CarrierCall, CarrierReply } from "../../../adapters/client/carrier.js";
import type { Client } from "../../../adapters/client/client-types.js";
import type { ReconnectInfo } from "../../../adapters/client/resume.js";
import { AnodeError } from "../../../lib/errors.js";
import { bytes, codeOf, event, json, problem, scriptedClient, stream } from "./fixtures.js";

const lost = new AnodeError("connection_lost", "gone");
const gone: CarrierReply = { status: 204, headers: {}, body: bytes() };

/** The seqs (and types of what has none) that a reader sees until the end. */
async function read(client: Client, options: AttachOptions = {}): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const item of client.runs.attach("R-1", options)) seen.push("seq" in item ? item.seq : item.type);
  return seen;
}

describe("attach", () => {
  it("gives the events of one connection and ends with the terminal one, not with the connection", async () => {
    let freed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield* bytes(event(1), event(2, "completed"));
        await new Promise(() => {});
      } finally {
        freed = true;
      }
    }
    const { client, calls } = scriptedClient([{ ...stream(), body: endless() }]);
    expect(await read(client, { after: 0 })).toEqual([1, 2]);
    expect(freed).toBe(true);
    expect(calls[0]).toMatchObject({
      headers: { accept: "text/event-stream" },
      input: { id: "R-1", after: 0, follow: true, previews: false, approver: false },
    });
  });

  it("goes on behind the last seq, repeats nothing and leaves nothing out", async () => {
    const { client, calls, host } = scriptedClient([
      stream(event(1), event(2), 'id: 3\ndata: {"seq":3', lost),
      lost,
      stream(event(2), event(3)),
      stream(event(4, "completed")),
    ]);
    const reading = read(client);
    await host.clock.advance(60_000);
    expect(await reading).toEqual([1, 2, 3, 4]);
    expect(calls.map(({ input }) => input["after"])).toEqual([0, 2, 2, 3]);
  });

  it("sees every event once, wherever a connection is cut, broken or ended", async () => {
    const whole = [event(1), event(2), event(3).replaceAll("\n", "\r\n"), event(4, "completed")].join("");
    /** What the daemon would send behind a seq. */
    const from = (after: unknown): CarrierReply =>
      stream(...[1, 2, 3, 4].filter((seq) => seq > Number(after)).map((seq) => event(seq, seq === 4 ? "completed" : "running")));
    const cuts = Array.from(whole, (_, length) => [[], [lost]].map((end) => ({ length, end }))).flat();
    const { client, host } = scriptedClient([
      ...cuts.map(({ length, end }) => stream(whole.slice(0, length), ...end)),
      ...cuts.map(
        () =>
          ({ input }: CarrierCall) =>
            from(input["after"]),
      ),
    ]);
    const readings = cuts.map(() => read(client));
    await host.clock.advance(250);
    for (const [at, seen] of (await Promise.all(readings)).entries()) expect(seen, `cut at ${cuts[at]?.length}`).toEqual([1, 2, 3, 4]);
  });

  it("takes a heartbeat's bare id as its cursor", async () => {
    const { client, calls, host } = scriptedClient([stream(event(1), "id: 9\n\n", lost), stream(event(10, "failed"))]);
    const reading = read(client);
    await host.clock.advance(1_000);
    expect(await reading).toEqual([1, 10]);
    expect(calls[1]?.input["after"]).toBe(9);
  });

  it("shows a gap and goes on behind it", async () => {
    const { client, calls, host } = scriptedClient([stream(event(50, "running", "system.gap"), lost), stream(event(51, "completed"))]);
    const reading = read(client, { after: 3 });
    await host.clock.advance(1_000);
    expect(await reading).toEqual([50, 51]);
    expect(calls.map(({ input }) => input["after"])).toEqual([3, 50]);
  });

  it("passes previews on without moving its cursor", async () => {
    const preview = `data: ${JSON.stringify({ type: "assistant.delta", run_id: "R-1", status: "running", payload: {} })}\n\n`;
    const { client, calls, host } = scriptedClient([stream(event(1), preview, lost), stream(preview, event(2, "canceled"))]);
    const reading = read(client, { previews: true });
    await host.clock.advance(1_000);
    expect(await reading).toEqual([1, "assistant.delta", "assistant.delta", 2]);
    expect(calls.map(({ input }) => [input["after"], input["previews"]])).toEqual([
      [0, true],
      [1, true],
    ]);
  });

  it("waits 0.25 to 8 s, doubling, between connections, for ever", async () => {
    const told: ReconnectInfo[] = [];
    const { client, host } = scriptedClient([stream(event(1)), ...Array.from({ length: 8 }, () => lost), stream(event(2, "completed"))], {
      random: () => 1,
    });
    const reading = read(client, { onReconnect: (info) => told.push(info) });
    await host.clock.advance(600_000);
    expect(await reading).toEqual([1, 2]);
    expect(told.map(({ delayMs }) => delayMs)).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000, 8000]);
    expect(told.map(({ attempt, after }) => [attempt, after])).toEqual(told.map((_, index) => [index + 1, 1]));
    expect(told[0]).not.toHaveProperty("error");
    expect(told[1]?.error).toBe(lost);
  });

  it("begins with short waits again once it heard something", async () => {
    const delays: number[] = [];
    const { client, host } = scriptedClient([stream(event(1)), lost, lost, stream(event(2), lost), stream(event(3, "completed"))], {
      random: () => 1,
    });
    const reading = read(client, { onReconnect: ({ delayMs }) => delays.push(delayMs) });
    await host.clock.advance(60_000);
    expect(await reading).toEqual([1, 2, 3]);
    expect(delays).toEqual([250, 500, 1000, 250]);
  });

  it("waits as long as the server asks", async () => {
    const delays: number[] = [];
    const busy = problem("too_many_streams", {}, { "retry-after": "5" });
    const { client, host } = scriptedClient([stream(event(1)), busy, stream(event(2, "completed"))]);
    const reading = read(client, { onReconnect: ({ delayMs }) => delays.push(delayMs) });
    await host.clock.advance(60_000);
    expect(await reading).toEqual([1, 2]);
    expect(delays[1]).toBe(5_000);
  });

  it.each([
    ["204", gone],
    ["a run that was removed", problem("run_not_found")],
  ])("ends at %s", async (_, end) => {
    const { client, host } = scriptedClient([stream(event(1), lost), end]);
    const reading = read(client);
    await host.clock.advance(1_000);
    expect(await reading).toEqual([1]);
  });

  it.each([
    ["run_not_found", problem("run_not_found")],
    ["cursor_ahead", problem("cursor_ahead")],
    ["connection_refused", new AnodeError("connection_refused", "nobody")],
    ["protocol_error", { ...json({}), body: bytes("{}") }],
  ])("throws %s of its first connection", async (code, step) => {
    const { client, calls } = scriptedClient([step]);
    expect(await codeOf(read(client))).toBe(code);
    expect(calls.length).toBe(1);
  });

  it("throws a refusal that no new connection would mend", async () => {
    const { client, host } = scriptedClient([stream(event(1), lost), problem("auth_invalid")]);
    const outcome = codeOf(read(client));
    await host.clock.advance(1_000);
    expect(await outcome).toBe("auth_invalid");
  });

  it("throws protocol_error for what is not an event", async () => {
    const { client } = scriptedClient([stream("id: 1\ndata: nonsense\n\n")]);
    expect(await codeOf(read(client))).toBe("protocol_error");
  });

  it("gives up, with the last error, when nothing was heard for so long", async () => {
    const { client, calls, host } = scriptedClient([stream(event(1)), ...Array.from({ length: 20 }, () => lost)], { random: () => 1 });
    const outcome = codeOf(read(client, { giveUpMs: 10_000 }));
    await host.clock.advance(60_000);
    expect(await outcome).toBe("connection_lost");
    // 250 + 500 + 1000 + 2000 + 4000 ms are within, 8000 more are not.
    expect(calls.length).toBe(6);
  });

  it("is not disturbed by a hook that throws", async () => {
    const { client, host } = scriptedClient([stream(event(1), lost), stream(event(2, "completed"))]);
    const onReconnect = (): void => {
      throw new Error("mine");
    };
    const reading = read(client, { onReconnect });
    await host.clock.advance(1_000);
    expect(await reading).toEqual([1, 2]);
  });
});

describe("attach without follow", () => {
  const record = json.bind(undefined, { id: "R-1", status: "running", last_seq: 3 });

  it("ends with what was committed when it began, over cuts", async () => {
    const { client, calls, host } = scriptedClient([record(), stream(event(1)), stream(event(2), event(3))]);
    const reading = read(client, { follow: false });
    await host.clock.advance(1_000);
    expect(await reading).toEqual([1, 2, 3]);
    expect(calls.map(({ operation, input }) => [operation.name, input["after"], input["follow"]])).toEqual([
      ["runs.get", undefined, undefined],
      ["runs.events", 0, false],
      ["runs.events", 1, false],
    ]);
  });

  it("ends at once when there is nothing new", async () => {
    const { client } = scriptedClient([record(), stream()]);
    expect(await read(client, { after: 3, follow: false })).toEqual([]);
  });
});

describe("a reader that leaves", () => {
  /** A stream that sends one event and then nothing, and takes no notice of its signal. */
  function silentClient(): ReturnType<typeof scriptedClient> {
    async function* body(): AsyncGenerator<Uint8Array> {
      yield* bytes(event(1));
      await new Promise(() => {});
    }
    return scriptedClient([{ ...stream(), body: body() }]);
  }

  it("is done at once by return(), even while it waits for an event", async () => {
    const { client, calls } = silentClient();
    const events = client.runs.attach("R-1");
    await events.next();
    const waiting = events.next();
    expect(await events.return?.()).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(calls[0]?.signal.aborted).toBe(true);
  });

  it("is done by its signal, without an error", async () => {
    const { client, calls } = silentClient();
    const abort = new AbortController();
    const events = client.runs.attach("R-1", { signal: abort.signal });
    await events.next();
    const waiting = events.next();
    abort.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(calls[0]?.signal.aborted).toBe(true);
  });

  it("is done by its signal while it waits for the next connection", async () => {
    const { client, calls, host } = scriptedClient([stream(event(1), lost)]);
    const abort = new AbortController();
    const events = client.runs.attach("R-1", { signal: abort.signal });
    await events.next();
    const waiting = events.next();
    await host.clock.advance(1);
    abort.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(calls.length).toBe(1);
    expect(host.clock.pending).toBe(0);
  });

  it("is done when the client closes", async () => {
    const { client } = silentClient();
    const events = client.runs.attach("R-1");
    await events.next();
    const waiting = events.next();
    await client.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });
});
