import { describe, expect, it } from "vitest";
import { toFetchHandler } from "../../../adapters/http/fetch/door.js";
import type { Door } from "../../../adapters/http/call.js";
import { testHandler, token } from "./fixtures.js";

const door: Door = { kind: "fetch", hosts: ["app.example"], origins: ["http://app.example"] };
const authorization = { Authorization: `Bearer ${token}` };
const encoder = new TextEncoder();

describe("toFetchHandler", () => {
  it("answers a Request with a Response", async () => {
    const { handle, performed } = testHandler();
    const fetchHandler = toFetchHandler(handle, door);
    const response = await fetchHandler(
      new Request("http://app.example/runs", {
        method: "POST",
        body: '{"prompt":"é"}',
        headers: { ...authorization, "Content-Type": "application/json" },
      }),
      { address: "192.0.2.1" },
    );
    expect([response.status, response.headers.get("content-length"), await response.json()]).toEqual([201, "21", { done: "runs.start" }]);
    expect(performed[0]).toMatchObject({ input: { prompt: "é" }, context: { address: "192.0.2.1" } });
  });

  it("keeps the gate", async () => {
    const { handle } = testHandler();
    const status = async (url: string, init?: RequestInit): Promise<number> =>
      (await toFetchHandler(handle, door)(new Request(url, init))).status;
    expect(await status("http://app.example/runs")).toBe(401);
    expect(await status("http://evil.example/runs", { headers: authorization })).toBe(421);
    expect(await status("http://app.example/runs?token=x", { headers: authorization })).toBe(400);
    expect(await status("http://app.example/runs", { headers: { ...authorization, "Sec-Fetch-Site": "cross-site" } })).toBe(403);
    expect(
      await status("http://app.example/runs", { method: "POST", body: "{}", headers: { ...authorization, "Content-Type": "text/plain" } }),
    ).toBe(415);
  });

  it("answers HEAD with the length and no body", async () => {
    const response = await toFetchHandler(
      testHandler().handle,
      door,
    )(new Request("http://app.example/runs", { method: "HEAD", headers: authorization }));
    expect([response.status, response.headers.get("content-length"), await response.text()]).toEqual([200, "20", ""]);
  });

  it("pulls a stream as it is read and releases it when the reader leaves", async () => {
    let given = 0;
    let released = false;
    const body = (async function* () {
      try {
        for (;;) yield encoder.encode(`data: ${++given}\n\n`);
      } finally {
        released = true;
      }
    })();
    const { handle } = testHandler({ perform: async () => ({ status: 200, stream: { contentType: "text/event-stream", body } }) });
    const response = await toFetchHandler(handle, door)(new Request("http://app.example/runs/R-1/events", { headers: authorization }));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: 1\n\n");
    expect(given).toBe(1);
    await reader.cancel();
    expect(released).toBe(true);
  });

  it("gives the request's signal to the operation", async () => {
    const { handle, performed } = testHandler();
    const controller = new AbortController();
    await toFetchHandler(handle, door)(new Request("http://app.example/runs", { headers: authorization, signal: controller.signal }));
    controller.abort();
    expect(performed[0]?.context.signal.aborted).toBe(true);
  });
});
