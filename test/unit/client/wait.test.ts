import { describe, expect, it } from "vitest";
import { AnodeError } from "../../../lib/errors.js";
import { createManualClock } from "../../../lib/testing/manual-clock.js";
import { createTestHost } from "../../../lib/testing/test-host.js";
import type { CarrierCall } from "../../../adapters/client/carrier.js";
import { createClient } from "../../../adapters/client/create-client.js";
import { codeOf, json, scriptedCarrier, type Step } from "./fixtures.js";

/** A client whose server holds each wait for as long as it was asked to; the run ends after so many of them. */
function waitingClient(endsAfter: number) {
  const host = { ...createTestHost(), clock: createManualClock() };
  let waits = 0;
  function* steps(): Generator<Step> {
    for (;;) {
      yield async ({ input, signal }: CarrierCall) => {
        waits += 1;
        if (waits > endsAfter) return json({ id: "R-1", status: "completed" });
        await new Promise<void>((resolve) => {
          const cancel = host.clock.schedule(resolve, Number(input["timeout_ms"] ?? 30_000));
          signal.addEventListener("abort", () => (cancel(), resolve()));
        });
        return json({ id: "R-1", status: "running" });
      };
    }
  }
  const carrier = scriptedCarrier(steps());
  return { client: createClient(carrier, { host }), host, slices: () => carrier.calls.map(({ input }) => input["timeout_ms"]) };
}

describe("runs.wait", () => {
  it.each([[undefined], [0], [55_000], ["100"]])("is one request for timeout_ms %j", async (timeout_ms) => {
    const { client, host, slices } = waitingClient(1);
    const waiting = client.runs.wait({ id: "R-1", ...(timeout_ms !== undefined && { timeout_ms }) });
    await host.clock.advance(60_000);
    expect(await waiting).toMatchObject({ status: "running" });
    expect(slices()).toEqual([timeout_ms]);
  });

  it("is repeated up to a longer limit", async () => {
    const { client, host, slices } = waitingClient(100);
    const waiting = client.runs.wait({ id: "R-1", timeout_ms: 120_000 });
    await host.clock.advance(120_000);
    expect(await waiting).toMatchObject({ status: "running" });
    expect(slices()).toEqual([55_000, 55_000, 10_000]);
  });

  it("ends as soon as the run has ended", async () => {
    const { client, host, slices } = waitingClient(2);
    const waiting = client.runs.wait({ id: "R-1", timeout_ms: Number.POSITIVE_INFINITY });
    await host.clock.advance(110_000);
    expect(await waiting).toMatchObject({ status: "completed" });
    expect(slices()).toEqual([55_000, 55_000, 55_000]);
  });

  it("keeps the call's own limit over all its requests", async () => {
    const { client, host, slices } = waitingClient(100);
    const outcome = codeOf(client.runs.wait({ id: "R-1", timeout_ms: 500_000 }, { timeoutMs: 70_000 }));
    await host.clock.advance(70_000);
    expect(await outcome).toBe("timeout");
    expect(slices()).toEqual([55_000, 55_000]);
    expect(host.clock.pending).toBe(0);
  });
});

describe("asks.wait", () => {
  const refused = new AnodeError("connection_refused", "No daemon answers.");
  const lost = new AnodeError("connection_lost", "The connection was lost.");
  const resolved: Step = async () => json({ correlation_id: "ask-1", status: "resolved", close_reason: "ack" });

  function restarting(...steps: Step[]) {
    const host = { ...createTestHost(), clock: createManualClock() };
    const carrier = scriptedCarrier(steps);
    return { client: createClient(carrier, { host, random: () => 1 }), host, carrier };
  }

  it.each([Number.POSITIVE_INFINITY, 40_000])("goes on when the daemon is there again: an ask outlives it (%d ms)", async (timeout_ms) => {
    const { client, host, carrier } = restarting(lost, refused, refused, resolved);
    const waiting = client.asks.wait({ id: "ask-1", timeout_ms });
    await host.clock.advance(10_000);
    expect(await waiting).toMatchObject({ status: "resolved" });
    expect(carrier.calls).toHaveLength(4);
    expect(host.clock.pending).toBe(0);
  });

  it("ends when it stays away for a minute, and at once for a wait of one request", async () => {
    const { client, host, carrier } = restarting(...Array.from({ length: 50 }, () => refused));
    const outcome = codeOf(client.asks.wait({ id: "ask-1", timeout_ms: Number.POSITIVE_INFINITY }));
    await host.clock.advance(60_000);
    expect(await outcome).toBe("connection_refused");
    const { length } = carrier.calls;
    expect(await codeOf(client.asks.wait({ id: "ask-1" }))).toBe("connection_refused");
    expect(carrier.calls).toHaveLength(length + 1);
  });
});
