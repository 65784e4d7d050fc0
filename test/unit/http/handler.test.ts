import { describe, expect, it } from "vitest";
import { createContractHandler, type HandlerOptions } from "../../../adapters/http/handler.js";
import { allScopes, type Caller, localCaller } from "../../../lib/caller.js";
import { AnodeError } from "../../../lib/errors.js";
import type { Log } from "../../../lib/host.js";
import { systemHost } from "../../../lib/system-host.js";
import { bearer, call, documentOf, operations, post, row, testHandler, token, watchedBody } from "./fixtures.js";

const hostHeader = ["Host", "127.0.0.1:7433"];

describe("handle", () => {
  it("runs the operation and answers its document", async () => {
    const { handle, performed } = testHandler();
    const reply = await handle(post("/runs", { prompt: "x" }));
    expect([reply.status, reply.body, reply.close]).toEqual([201, '{"done":"runs.start"}', undefined]);
    expect(reply.headers["Content-Type"]).toBe("application/json");
    expect(Object.keys(reply.headers)[0]).toBe("Content-Type");
    expect(performed).toMatchObject([
      { operation: "runs.start", input: { prompt: "x" }, context: { caller: { id: "owner" }, address: "127.0.0.1" } },
    ]);
  });

  it("merges path and query into one input, a repeated name as a list", async () => {
    const { handle, performed } = testHandler();
    await handle(call({ method: "DELETE", target: "/runs/R-1?reason=a+b" }));
    await handle(call({ target: "/runs?status=a&status=b&limit=10&__proto__=x" }));
    expect(performed[0]?.input).toEqual({ id: "R-1", reason: "a b" });
    expect(Object.entries(performed[1]?.input ?? {})).toEqual([
      ["status", ["a", "b"]],
      ["limit", "10"],
      ["__proto__", "x"],
    ]);
    expect(Object.getPrototypeOf(performed[1]?.input)).toBe(Object.prototype);
  });

  it.each([
    [post("/runs/R-1/input", { id: "R-2", text: "x" }), ["id"]],
    [call({ target: "/runs/R-1?id=R-2" }), ["id"]],
    [post("/runs?prompt=x&a=1", {}), ["prompt", "a"]],
  ])("refuses a name out of place: %#", async (request, paths) => {
    const { handle, performed } = testHandler();
    const reply = await handle(request);
    const issues = documentOf(reply)["issues"] as { path: string; code: string }[];
    expect([reply.status, issues.map((issue) => issue.path), issues[0]?.code]).toEqual([400, paths, "unknown_field"]);
    expect(performed).toEqual([]);
  });

  it("hands the headers of a call to the operation", async () => {
    const { handle, performed } = testHandler();
    const headers = [
      "Accept",
      "text/event-stream",
      "Accept",
      "*/*",
      "last-event-id",
      "7",
      "User-Agent",
      "u".repeat(300),
      "Idempotency-Key",
      "k-1",
    ];
    await handle(call({ target: "/runs/R-1/events", headers }));
    expect(performed[0]?.context).toMatchObject({
      accept: "text/event-stream, */*",
      lastEventId: "7",
      userAgent: "u".repeat(256),
      idempotencyKey: "k-1",
    });
  });

  it.each([[""], ["a b"], ["é"], ["x".repeat(256)], ["a\u007f"]])("refuses the Idempotency-Key %j", async (key) => {
    const { handle, performed } = testHandler();
    const reply = await handle(post("/runs", {}, ["Idempotency-Key", key]));
    expect(documentOf(reply)).toMatchObject({
      status: 400,
      code: "invalid_request",
      issues: [{ path: "Idempotency-Key", code: "format" }],
    });
    expect(performed).toEqual([]);
  });

  it("refuses two Idempotency-Keys and takes one of 255 characters", async () => {
    const { handle } = testHandler();
    expect((await handle(post("/runs", {}, ["Idempotency-Key", "a", "Idempotency-Key", "a"]))).status).toBe(400);
    expect((await handle(post("/runs", {}, ["Idempotency-Key", "~".repeat(255)]))).status).toBe(201);
  });

  it("gives every request its own id", async () => {
    const { handle, performed } = testHandler();
    await handle(call());
    await handle(call());
    const refused = documentOf(await handle(call({ target: "/nowhere" })))["request_id"];
    expect(new Set([...performed.map(({ context }) => context.requestId), refused]).size).toBe(3);
  });

  it("says the same security headers on every answer", async () => {
    const { handle } = testHandler();
    const calls = [
      call(),
      call({ target: "/nowhere" }),
      call({ rawHeaders: [] }),
      call({ rawHeaders: hostHeader }),
      call({ method: "TRACE" }),
      post("/runs", []),
    ];
    for (const each of calls) {
      expect((await handle(each)).headers).toMatchObject({
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
      });
    }
  });

  it("answers the error of an operation and keeps the text of a defect to itself", async () => {
    const failing = (error: unknown): ReturnType<typeof testHandler> => testHandler({ perform: () => Promise.reject(error) });
    expect(documentOf(await failing(new AnodeError("run_not_found", "There is no run R-1.")).handle(call()))).toMatchObject({
      status: 404,
      code: "run_not_found",
    });
    const reply = await failing(new Error("secret")).handle(call());
    expect([reply.status, String(reply.body).includes("secret")]).toEqual([500, false]);
  });

  it("logs one line for a call, without its target, headers or body", async () => {
    const lines: unknown[][] = [];
    const log: Log = (...line) => void lines.push(line);
    const { handle } = testHandler({ host: { ...systemHost, log } });
    await handle(post("/runs/R-secret/input", { text: "secret" }, ["X-Secret", "secret"]));
    await handle(call({ target: "/nowhere\r\nsecret" }));
    expect(lines.map((line) => line[1])).toEqual(["http.request", "http.request"]);
    expect(lines[0]?.[2]).toMatchObject({ method: "POST", route: "/runs/{id}/input", status: 200 });
    expect(lines[1]?.[2]).toMatchObject({ status: 400, code: "invalid_target" });
    expect(JSON.stringify(lines)).not.toContain("secret");
  });
});

describe("the order of the gate", () => {
  // Each request is wrong in its own stage and in every later one.
  const wrong = {
    version: { httpVersion: "1.0" },
    host: ["Host", "evil.example"],
    target: "/..",
    origin: ["Origin", "http://evil.example"],
    credential: ["Authorization", "Bearer wrong"],
    method: "PUT",
    coding: ["Content-Encoding", "gzip"],
    type: ["Content-Type", "text/plain"],
    length: ["Content-Length", "9999999"],
  };
  const good = { host: hostHeader, origin: [] as string[], credential: [...bearer] };
  const rest = [...wrong.coding, ...wrong.type, ...wrong.length];

  it.each([
    [
      "http_version",
      {
        ...wrong.version,
        method: wrong.method,
        target: wrong.target,
        rawHeaders: [...wrong.host, ...wrong.origin, ...wrong.credential, ...rest],
      },
    ],
    [
      "host_not_allowed",
      { method: wrong.method, target: wrong.target, rawHeaders: [...wrong.host, ...wrong.origin, ...wrong.credential, ...rest] },
    ],
    [
      "invalid_target",
      { method: wrong.method, target: wrong.target, rawHeaders: [...good.host, ...wrong.origin, ...wrong.credential, ...rest] },
    ],
    ["origin_not_allowed", { method: wrong.method, rawHeaders: [...good.host, ...wrong.origin, ...wrong.credential, ...rest] }],
    ["auth_invalid", { method: wrong.method, rawHeaders: [...good.host, ...wrong.credential, ...rest] }],
    ["auth_required", { method: wrong.method, rawHeaders: [...good.host, ...rest] }],
    ["method_not_allowed", { method: wrong.method, rawHeaders: [...good.host, ...good.credential, ...rest] }],
    ["unsupported_media_type", { method: "POST", rawHeaders: [...good.host, ...good.credential, ...rest] }],
    [
      "body_too_large",
      { method: "POST", rawHeaders: [...good.host, ...good.credential, "Content-Type", "application/json", ...wrong.length] },
    ],
  ])("refuses with %s first, without reading a byte or reaching an operation", async (code, part) => {
    const { handle, performed } = testHandler();
    const watched = watchedBody();
    const reply = await handle(call({ ...part, body: watched.body }));
    expect([documentOf(reply)["code"], watched.read, performed]).toEqual([code, false, []]);
  });

  it("names the fault that the door found before anything else", async () => {
    const { handle, performed } = testHandler();
    const fault = new AnodeError("headers_too_large", "The door has seen enough.");
    const reply = await handle(call({ fault, ...wrong.version, rawHeaders: Array(400).fill("x") }));
    expect([documentOf(reply)["code"], documentOf(reply)["detail"], performed]).toEqual(["headers_too_large", fault.message, []]);
  });

  it("counts the headers before it looks at the version", async () => {
    const { handle } = testHandler();
    const rawHeaders = [...good.host, ...Array(202).fill("x")];
    expect(documentOf(await handle(call({ ...wrong.version, rawHeaders })))["code"]).toBe("headers_too_large");
  });

  it("answers unknown paths like known ones to those who are not known", async () => {
    const { handle } = testHandler();
    for (const [method, target] of [
      ["GET", "/runs"],
      ["GET", "/nowhere"],
      ["PUT", "/runs"],
      ["POST", "/health"],
      ["TRACE", "/health"],
    ] as const) {
      const reply = await handle(call({ method, target, rawHeaders: hostHeader }));
      expect([reply.status, documentOf(reply)["code"], reply.headers["WWW-Authenticate"]]).toEqual([401, "auth_required", "Bearer"]);
    }
  });

  it("counts headers", async () => {
    const { handle } = testHandler();
    const filler = (count: number): string[] => Array.from({ length: count }, (_, i) => [`X-${i}`, "1"]).flat();
    expect((await handle(call({ headers: filler(98) }))).status).toBe(200);
    expect((await handle(call({ headers: filler(99) }))).status).toBe(431);
  });

  it("answers TRACE, OPTIONS and unknown methods of a known path with 405 and Allow", async () => {
    const { handle } = testHandler();
    for (const method of ["TRACE", "OPTIONS", "PROPFIND", "PUT"]) {
      const reply = await handle(call({ method }));
      expect([reply.status, reply.headers["Allow"]]).toEqual([405, "GET, HEAD, POST"]);
    }
    expect((await handle(call({ method: "TRACE", target: "/nowhere" }))).status).toBe(404);
  });
});

describe("callers", () => {
  const known = (caller: Partial<Caller>): ReturnType<typeof testHandler> =>
    testHandler({ authenticate: () => ({ id: "token:1", door: "tcp", scopes: [], ...caller }) });

  it("lets anyone see what is open to all, and judges a credential there too", async () => {
    const { handle, performed } = testHandler();
    expect((await handle(call({ target: "/health", rawHeaders: hostHeader }))).status).toBe(200);
    expect((await handle(call({ method: "HEAD", target: "/health", rawHeaders: hostHeader }))).status).toBe(200);
    expect(performed[0]?.context.caller).toEqual({ id: "anonymous", door: "tcp", scopes: [] });
    expect((await handle(call({ target: "/health", rawHeaders: [...hostHeader, "Authorization", "Bearer wrong"] }))).status).toBe(401);
  });

  it("lets anyone who is known call what is for any caller, and nobody else", async () => {
    const logout = row({ name: "auth.logout", method: "POST", path: "/auth/logout", scope: "any", body: "none" });
    const request = call({ method: "POST", target: "/auth/logout" });
    const given = { operations: [...operations, logout] };
    const { handle, performed } = testHandler({ ...given, authenticate: () => ({ id: "token:1", door: "tcp", scopes: [] }) });
    expect([(await handle(request)).status, performed.length]).toEqual([200, 1]);
    expect(documentOf(await testHandler({ ...given, authenticate: () => undefined }).handle(request))["code"]).toBe("auth_required");
  });

  it.each(operations.filter((operation) => operation.scope !== "none").map((operation) => [operation.name, operation] as const))(
    "refuses %s without its scope, before the body",
    async (_name, operation) => {
      const scopes = allScopes.filter((scope) => scope !== operation.scope && scope !== "admin");
      const { handle, performed } = known({ scopes });
      const watched = watchedBody();
      const reply = await handle(call({ method: operation.method, target: operation.path.replace("{id}", "R-1"), body: watched.body }));
      expect([documentOf(reply)["code"], documentOf(reply)["scope"], watched.read, performed]).toEqual([
        "scope_required",
        operation.scope,
        false,
        [],
      ]);
    },
  );

  it.each([
    [allScopes, ["read", "control"]],
    [["admin"], ["read", "control"]],
    [["read", "approve"], ["read"]],
    [
      ["read", "control"],
      ["read", "control"],
    ],
  ] as const)("with the header Anode-Run %j becomes %j", async (scopes, left) => {
    const { handle, performed } = known({ scopes });
    const request = call({ headers: ["anode-run", ""] });
    if (scopes.includes("read" as never) || scopes.includes("admin" as never)) await handle(request);
    expect(performed[0]?.context.caller).toMatchObject({ id: "token:1", scopes: left, inside_run: true });
  });

  it("keeps admin operations from a caller inside a run", async () => {
    const { handle } = known({ scopes: allScopes });
    expect((await handle(post("/runs/prune", {}, ["Anode-Run", "R-9"]))).status).toBe(403);
    expect((await handle(post("/runs/prune", {}))).status).toBe(200);
  });

  it("knows nobody on TCP-like doors without an authenticate function", async () => {
    const plain = createContractHandler({
      operations,
      hosts: ["app.example"],
      host: systemHost,
      perform: async () => ({ status: 200, body: {} }),
    });
    const at = (kind: "tcp" | "unix" | "fetch" | "memory", headers: readonly string[] = []): Promise<number> =>
      plain(call({ door: { kind, hosts: [], origins: [] }, rawHeaders: ["Host", "app.example", ...headers] })).then(
        (reply) => reply.status,
      );
    expect([await at("tcp"), await at("fetch"), await at("unix"), await at("memory")]).toEqual([401, 401, 200, 200]);
    expect([await at("unix", bearer), await at("memory", bearer)]).toEqual([401, 401]);
  });

  it("knows the owner at the Unix socket and the process itself in memory, with every scope", async () => {
    const seen: unknown[] = [];
    const perform: HandlerOptions["perform"] = async (_operation, _input, { caller }) => {
      seen.push(caller);
      return { status: 200, body: {} };
    };
    const plain = createContractHandler({ operations, hosts: [], host: systemHost, perform });
    for (const kind of ["unix", "memory"] as const)
      await plain(call({ door: { kind, hosts: [], origins: [] }, rawHeaders: ["Host", "anode"] }));
    expect(seen).toEqual([{ id: "owner", door: "unix", scopes: allScopes }, localCaller]);
    const refused = documentOf(await plain(call({ door: { kind: "unix", hosts: [], origins: [] } })));
    expect(refused).toMatchObject({ code: "auth_invalid", reason: "unknown" });
  });

  it("is somebody inside a run by the header Anode-Run alone", async () => {
    const { handle, performed } = known({ scopes: ["read"] });
    await handle(call());
    expect(performed[0]?.context.caller).toEqual({ id: "token:1", door: "tcp", scopes: ["read"] });
  });

  it("asks authenticate once and never shows it a refused call", async () => {
    let asked = 0;
    const { handle } = testHandler({
      authenticate: () => {
        asked++;
        return undefined;
      },
    });
    await handle(call({ rawHeaders: ["Host", "evil.example", "Authorization", `Bearer ${token}`] }));
    await handle(call({ headers: ["Origin", "http://evil.example"] }));
    expect(asked).toBe(0);
    await handle(call());
    expect(asked).toBe(1);
  });

  it("treats a failing authenticate as our defect, never as a pass", async () => {
    const { handle, performed } = testHandler({ authenticate: () => Promise.reject(new Error("database down")) });
    expect([(await handle(call())).status, performed]).toEqual([500, []]);
  });
});

describe("bodies and replies", () => {
  it.each(["GET", "DELETE"])("leaves a body on %s unread and closes", async (method) => {
    const { handle } = testHandler();
    const watched = watchedBody();
    for (const announced of [
      ["Content-Length", "5"],
      ["Transfer-Encoding", "chunked"],
    ]) {
      const reply = await handle(call({ method, target: "/runs/R-1", headers: announced, body: watched.body }));
      expect([reply.status, reply.close, watched.read]).toEqual([200, true, false]);
    }
    expect((await handle(call({ method, target: "/runs/R-1", headers: ["Content-Length", "0"] }))).close).toBeUndefined();
  });

  const streaming = (contentType: string, released: { count: number }): ReturnType<typeof testHandler> =>
    testHandler({
      perform: async () => ({
        status: 200,
        stream: {
          contentType,
          body: {
            [Symbol.asyncIterator]: () => ({
              next: () => Promise.resolve({ done: true, value: undefined }),
              return: () => {
                released.count++;
                return Promise.resolve({ done: true as const, value: undefined });
              },
            }),
          },
        },
      }),
    });

  it.each(["text/event-stream", "application/x-ndjson"])("sends %s uncached and unbuffered", async (type) => {
    const reply = await streaming(type, { count: 0 }).handle(call({ target: "/runs/R-1/events" }));
    expect(reply.headers).toMatchObject({ "Content-Type": type, "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no" });
    expect(typeof reply.body).toBe("object");
  });

  it("releases the stream of a HEAD request unread", async () => {
    const released = { count: 0 };
    const reply = await streaming("text/event-stream", released).handle(call({ method: "HEAD", target: "/runs/R-1/events" }));
    expect([reply.status, reply.body, released.count]).toEqual([200, undefined, 1]);
  });

  it("has no body and no type for 204", async () => {
    const reply = await testHandler({ perform: async () => ({ status: 204 }) }).handle(call());
    expect([reply.status, reply.body, "Content-Type" in reply.headers]).toEqual([204, undefined, false]);
  });

  it("passes on the headers of a result", async () => {
    const perform = async () => ({ status: 201, body: {}, headers: { Location: "/runs/R-1" } });
    expect((await testHandler({ perform }).handle(post("/runs", {}))).headers["Location"]).toBe("/runs/R-1");
  });

  it.each([
    ["websocket", "13", "/runs", "not_found"],
    ["WebSocket", "13", "/runs", "not_found"],
    ["websocket", "8", "/runs", "upgrade_required"],
    ["websocket", "", "/runs", "upgrade_required"],
    ["websocket, h2c", "13", "/runs", "malformed_request"],
    ["h2c", "13", "/runs", "malformed_request"],
  ])("refuses the upgrade to %s %s", async (upgrade, version, target, code) => {
    const { handle, performed } = testHandler();
    const headers = ["Connection", "Upgrade", "Upgrade", upgrade, "Sec-WebSocket-Version", version];
    expect(documentOf(await handle(call({ target, upgrade: true, headers })))["code"]).toBe(code);
    expect(performed).toEqual([]);
  });

  it("checks host, origin and credential before it talks of an upgrade", async () => {
    const { handle } = testHandler();
    const headers = ["Upgrade", "websocket", "Sec-WebSocket-Version", "13"];
    expect((await handle(call({ upgrade: true, rawHeaders: ["Host", "evil.example", ...bearer, ...headers] }))).status).toBe(421);
    expect((await handle(call({ upgrade: true, headers: [...headers, "Origin", "http://evil.example"] }))).status).toBe(403);
    expect((await handle(call({ upgrade: true, rawHeaders: [...hostHeader, ...headers] }))).status).toBe(401);
  });
});
