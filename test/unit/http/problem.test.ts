import { describe, expect, it } from "vitest";
import { toProblemReply } from "../../../adapters/http/problem.js";
import { AnodeError, invalidRequest } from "../../../lib/errors.js";
import type { Log } from "../../../lib/host.js";
import { documentOf } from "./fixtures.js";

const lines: unknown[] = [];
const log: Log = (...line) => void lines.push(line);
const host = { log, randomId: () => "e-1" };
const problem = (error: unknown): ReturnType<typeof toProblemReply> => toProblemReply(error, "q-1", host);

describe("toProblemReply", () => {
  it("gives the document of a code", () => {
    const reply = problem(new AnodeError("run_not_found", "There is no run R-1.", { details: { hint: "anode runs list" } }));
    expect([reply.status, reply.headers, reply.close]).toEqual([404, { "Content-Type": "application/problem+json" }, undefined]);
    expect(documentOf(reply)).toEqual({
      type: "urn:anode:error:run_not_found",
      title: "Run not found",
      status: 404,
      detail: "There is no run R-1.",
      code: "run_not_found",
      request_id: "q-1",
      hint: "anode runs list",
    });
  });

  it("puts members beside the document and lets none replace its own", () => {
    const issues = [{ path: "max_turns", code: "range", message: "must be between 0 and 1000, got -1" }] as const;
    expect(documentOf(problem(invalidRequest(issues)))["issues"]).toEqual(issues);
    expect(documentOf(problem(new AnodeError("queue_full", "Full.", { details: { code: "x", status: 200 } })))).toMatchObject({
      code: "queue_full",
      status: 429,
    });
  });

  it("keeps the text of an unknown error to the log", () => {
    lines.length = 0;
    for (const error of [
      new Error("password=hunter2"),
      "hunter2",
      undefined,
      new AnodeError("internal", "hunter2"),
      new AnodeError("not_open", "hunter2"),
    ]) {
      const reply = problem(error);
      expect([reply.status, documentOf(reply)["code"], documentOf(reply)["error_id"]]).toEqual([500, "internal", "e-1"]);
      expect(reply.body).not.toContain("hunter2");
    }
    expect(JSON.stringify(lines)).toContain("hunter2");
    expect(lines[0]).toMatchObject(["error", "http.internal", { error_id: "e-1", request_id: "q-1" }]);
  });

  it.each([
    [new AnodeError("auth_required", "x"), { "WWW-Authenticate": "Bearer" }],
    [new AnodeError("auth_invalid", "x"), { "WWW-Authenticate": "Bearer" }],
    [new AnodeError("too_many_failures", "x", { retryAfterSeconds: 41.2 }), { "Retry-After": "42" }],
    [new AnodeError("queue_full", "x"), { "Retry-After": "1" }],
    [new AnodeError("shutting_down", "x"), { "Retry-After": "1" }],
    [new AnodeError("method_not_allowed", "x", { details: { allow: ["GET", "HEAD"] } }), { Allow: "GET, HEAD" }],
    [new AnodeError("unsupported_media_type", "x"), { Accept: "application/json" }],
    [new AnodeError("upgrade_required", "x"), { "Sec-WebSocket-Version": "13" }],
    [new AnodeError("executor_unavailable", "x"), {}],
    [new AnodeError("idempotency_in_flight", "x", { retryAfterSeconds: 1 }), { "Retry-After": "1" }],
  ])("adds the headers that belong to a code: %#", (error, headers) => {
    const { "Content-Type": _, ...others } = problem(error).headers;
    expect(others).toEqual(headers);
  });

  it("keeps Allow out of the document", () => {
    expect(documentOf(problem(new AnodeError("method_not_allowed", "x", { details: { allow: ["GET"] } })))).not.toHaveProperty("allow");
  });

  it.each(["malformed_request", "headers_too_large", "request_timeout", "expectation_failed", "body_too_large", "http_version"] as const)(
    "closes the connection after %s",
    (code) => {
      expect(problem(new AnodeError(code, "x")).close).toBe(true);
    },
  );
});
