import { describe, expect, it } from "vitest";
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
