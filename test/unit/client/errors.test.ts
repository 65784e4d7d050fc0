import { describe, expect, it } from "vitest";
import type { CarrierReply } from "../../../adapters/client/carrier.js";
import { bytes, codeOf, errorOf, json, problem, scriptedClient } from "./fixtures.js";

const page = (body: string, status: number, type = "text/html", headers = {}): CarrierReply => ({
  status,
  headers: { "content-type": type, ...headers },
  body: bytes(body),
});

describe("an error of a client", () => {
  it("has the document's code, sentence, status, members and wait", async () => {
    const { client } = scriptedClient([problem("queue_full", { hint: "Wait." }, { "retry-after": "9" })], { retries: 0 });
    const error = await errorOf(client.runs.start({ prompt: "p" }));
    expect(error).toMatchObject({
      code: "queue_full",
      message: "Refused: queue_full.",
      status: 429,
      retryAfterSeconds: 9,
      retryable: true,
    });
    expect(error.details).toEqual({ hint: "Wait." });
  });

  it("takes the status of the place where a code has two", async () => {
    const { client } = scriptedClient([{ ...problem("session_not_found"), status: 422 }]);
    expect(await errorOf(client.runs.start({ prompt: "p" }))).toMatchObject({ code: "session_not_found", status: 422 });
  });

  it("keeps the status and the text of a code that a newer daemon knows", async () => {
    const { client } = scriptedClient([problem("run_not_found", { code: "run_moved", detail: "It moved." })]);
    expect(await errorOf(client.runs.get({ id: "R-1" }))).toMatchObject({
      code: "protocol_error",
      status: 404,
      message: "It moved.",
      details: { code: "run_moved" },
    });
  });

  it.each([
    ["a page of a proxy", page("<h1>Bad gateway</h1>", 502)],
    ["a redirect", page("", 302, "text/html", { location: "http://elsewhere.example/" })],
    ["a success that is not JSON", page("<p>", 200)],
    ["a success without a body", page("", 200, "application/json")],
    ["JSON that breaks off", page('{"id"', 200, "application/json")],
    ["a problem that is not JSON", page("oops", 500, "application/problem+json")],
    ["a problem that is no object", page("null", 500, "application/problem+json")],
  ])("is protocol_error for %s", async (_, reply) => {
    const { client } = scriptedClient([reply], { retries: 0 });
    expect(await codeOf(client.runs.get({ id: "R-1" }))).toBe("protocol_error");
  });

  it("is protocol_error for an answer over the limit, which is not read to its end", async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 1;
        yield new Uint8Array(1024).fill(32);
      }
    }
    const { client } = scriptedClient([{ ...json({}), body: endless() }], { bodyBytes: 4096 });
    expect(await codeOf(client.status())).toBe("protocol_error");
    expect(given).toBe(5);
  });

  it.each([
    ["", "length"],
    [".", "format"],
    ["..", "format"],
    ["a/b", "format"],
    ["a\\b", "format"],
    [undefined as unknown as string, "required"],
    [7 as unknown as string, "type"],
  ])("is invalid_request for the id %j, before anything is sent", async (id, issue) => {
    const { client, calls } = scriptedClient([]);
    const error = await errorOf(client.runs.get({ id }));
    expect(error).toMatchObject({ code: "invalid_request", details: { issues: [{ path: "id", code: issue }] } });
    await expect(client.runs.attach(id).next()).rejects.toMatchObject({ code: "invalid_request" });
    expect(calls.length).toBe(0);
  });

  it("names a wrong option of the client", () => {
    expect(() => scriptedClient([], { retries: -1 })).toThrow(expect.objectContaining({ code: "invalid_request" }));
    expect(() => scriptedClient([], { bodyBytes: 1.5 })).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });
});
