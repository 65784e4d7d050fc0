import { describe, expect, it } from "vitest";
import type { Client } from "../../../adapters/client/client-types.js";
import type { FeedOptions } from "../../../adapters/client/events.js";
import { AnodeError } from "../../../lib/errors.js";
import { codeOf, json, problem, scriptedClient, stream } from "./fixtures.js";

const lost = new AnodeError("connection_lost", "gone");
const event = (seq: number, type = "run.state"): string =>
  `id: ${seq}\ndata: ${JSON.stringify({ id: `evt_${seq}`, seq, type, payload: {} })}\n\n`;

/** The seqs (and the type of a gap) that a reader sees until so many, or until the end. */
async function read(client: Client, count: number, options: FeedOptions = {}): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const { seq, type } of client.events(options)) {
    seen.push(type === "system.gap" ? `gap to ${seq}` : seq);
    if (seen.length === count) break;
  }
  return seen;
}

describe("client.events", () => {
  it("asks for what was asked for, and no more", async () => {
    const { client, calls } = scriptedClient([stream(event(7)), stream(event(1))]);
    await read(client, 1, { after: 6, tail: 3, types: ["run.state"], peer_id: "peer-1", circle: "dev", approver: true });
    await read(client, 1);
    expect(calls.map(({ operation, input }) => [operation.name, input])).toEqual([
      ["events.stream", { after: 6, types: ["run.state"], peer_id: "peer-1", circle: "dev", approver: true, follow: true }],
      ["events.stream", { approver: false, follow: true }],
    ]);
  });

  it("goes on behind the last seq over cuts and orderly ends, repeats nothing and leaves nothing out", async () => {
    const { client, calls, host } = scriptedClient([
      stream(event(1), event(2), 'id: 3\ndata: {"seq":3', lost),
      lost,
      stream(event(2), event(3)),
      stream(event(4)),
    ]);
    const reading = read(client, 4);
    await host.clock.advance(60_000);
    expect(await reading).toEqual([1, 2, 3, 4]);
    expect(calls.map(({ input }) => input["after"])).toEqual([undefined, 2, 2, 3]);
  });

  it("shows a gap and goes on behind it", async () => {
    const { client, calls, host } = scriptedClient([stream(event(50, "system.gap"), lost), stream(event(51))]);
    const reading = read(client, 2, { after: 3 });
    await host.clock.advance(1_000);
    expect(await reading).toEqual(["gap to 50", 51]);
    expect(calls.map(({ input }) => input["after"])).toEqual([3, 50]);
  });

  it("comes back to the tail it began at, although it saw nothing, and to the tail itself when it was not told where that is", async () => {
    const { client, calls, host } = scriptedClient([stream("id: 40\n\n", lost), stream(event(41))]);
    const reading = read(client, 1, { tail: 0 });
    await host.clock.advance(1_000);
    expect(await reading).toEqual([41]);
    expect(calls.map(({ input }) => [input["tail"], input["after"]])).toEqual([
      [0, undefined],
      [undefined, 40],
    ]);
    const untold = scriptedClient([stream(lost), stream(event(9))]);
    const again = read(untold.client, 1, { tail: 2 });
    await untold.host.clock.advance(1_000);
    expect(await again).toEqual([9]);
    expect(untold.calls.map(({ input }) => [input["tail"], input["after"]])).toEqual([
      [2, undefined],
      [2, undefined],
    ]);
  });

  it("does not scan again what its filter has passed over", async () => {
    const { client, calls, host } = scriptedClient([stream(event(1), ": ping\nid: 900\n\n", lost), stream(event(901))]);
    const reading = read(client, 2, { types: ["run.state"] });
    await host.clock.advance(1_000);
    expect(await reading).toEqual([1, 901]);
    expect(calls[1]?.input).toMatchObject({ after: 900, types: ["run.state"] });
  });

  it("without follow ends with what was there when it began", async () => {
    const page = json({ events: [], first_seq: 1, last_seq: 3, next_after: 3 });
    const { client, calls, host } = scriptedClient([page, stream(event(1), lost), stream(event(2), "id: 3\n\n")]);
    const reading = read(client, 9, { follow: false, types: ["run.state"] });
    await host.clock.advance(1_000);
    expect(await reading).toEqual([1, 2]);
    expect(calls[0]).toMatchObject({ operation: { name: "events.list" }, input: { tail: 0 } });
  });

  it("throws what no new connection would mend", async () => {
    const { client, host } = scriptedClient([stream(event(500), lost), problem("cursor_ahead", { last_seq: 3 })]);
    const outcome = codeOf(read(client, 9));
    await host.clock.advance(1_000);
    expect(await outcome).toBe("cursor_ahead");
  });

  it("counts time without a word from the last heartbeat, not from the last event", async () => {
    async function* quiet(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode("retry: 1000\n\n");
      for (let minute = 0; minute < 4; minute += 1) {
        await new Promise<void>((resolve) => host.clock.schedule(resolve, 15_000));
        yield new TextEncoder().encode(": ping\n\n");
      }
      throw lost;
    }
    const { client, host } = scriptedClient([{ ...stream(), body: quiet() }, stream(event(1))]);
    const reading = read(client, 1, { giveUpMs: 10_000 });
    await host.clock.advance(70_000);
    expect(await reading).toEqual([1]);
  });

  it("gives up a daemon that has nothing to say but how its stream begins", async () => {
    const { client, calls, host } = scriptedClient(
      Array.from({ length: 20 }, () => stream()),
      { random: () => 1 },
    );
    const outcome = codeOf(read(client, 1, { giveUpMs: 10_000 }));
    await host.clock.advance(60_000);
    expect(await outcome).toBe("connection_lost");
    expect(calls.length).toBe(6);
  });

  it("has the page of the contract beside it", async () => {
    const page = { events: [], first_seq: 0, last_seq: 0, next_after: 0 };
    const { client, calls } = scriptedClient([json(page)]);
    expect(await client.events.list({ types: "run.state", limit: 5 })).toEqual(page);
    expect(calls[0]?.input).toEqual({ types: "run.state", limit: 5 });
    expect(client.events).not.toHaveProperty("iterate");
  });
});
