import { describe, expect, it } from "vitest";
import type { Handle } from "../../adapters/http/call.js";
import { forgiving } from "../support/mutants/wrong-doors.js";
import { malformedCorpus } from "./corpus/malformed.js";
import { subject } from "./support/door-subject.js";
import { bye, filled, get, open, statuses } from "./support/wire.js";

/** What is wrong with the answer to one row; nothing when all is right. */
async function examined(
  [name, bytes, replies, operationsReached, fin]: (typeof malformedCorpus)[number],
  wrap?: (handle: Handle) => Handle,
): Promise<unknown[]> {
  const { port, reached } = await subject(wrap && { wrap, limits: { keepAliveMs: 200 } });
  const wire = open(port);
  wire.socket.write(filled(bytes, port), "latin1");
  if (fin) wire.socket.end();
  await wire.closed;
  const got = [statuses(wire.text()), reached.length];
  const next = open(port);
  next.socket.write(filled(get("/health", bye), port));
  await next.closed;
  const wanted = [replies, operationsReached];
  const served = JSON.stringify(statuses(next.text())) === "[200]";
  return JSON.stringify(got) === JSON.stringify(wanted) && served ? [] : [{ name, got, wanted, served }];
}

describe("a malformed request over node:http", () => {
  it("has one reply for each request, and the next one is served", async () => {
    const wrong = (await Promise.all(malformedCorpus.map((row) => examined(row)))).flat();
    expect(wrong).toEqual([]);
  });

  it("would be found served by a door that forgives what the parser refused, or that takes any version", async () => {
    const wrong = malformedCorpus.slice(0, 30).map((row) => examined(row, forgiving));
    const found = (await Promise.all(wrong)).flat() as { name: string }[];
    expect(found.length).toBeGreaterThan(10);
    expect(found.map(({ name }) => name)).toContain("HTTP/1.0");
  });

  it("is answered with a problem document and the security headers, also where node:http has no response", async () => {
    const { port } = await subject();
    const wire = open(port);
    wire.socket.write("GARBAGE\r\n\r\n");
    await wire.closed;
    expect(wire.text()).toMatch(/^HTTP\/1\.1 400 /);
    expect(wire.text()).toMatch(/X-Content-Type-Options: nosniff\r\n/);
    expect(JSON.parse(wire.text().split("\r\n\r\n")[1] ?? "")).toMatchObject({ code: "malformed_request", status: 400 });
  });
});
