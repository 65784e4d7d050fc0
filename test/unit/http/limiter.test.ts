import { describe, expect, it } from "vitest";
import { canonicalAddress, createLimiter } from "../../../adapters/http/gate/limiter.js";
import { AnodeError } from "../../../lib/errors.js";
import type { Clock } from "../../../lib/host.js";
import { systemHost } from "../../../lib/system-host.js";
import { bearer, call, documentOf, operations, post, row, tcpDoor, testHandler } from "./fixtures.js";

function stillClock(): Clock & { at: number } {
  const clock = { at: 0, now: () => clock.at, monotonic: () => clock.at, schedule: () => () => {} };
  return clock;
}

describe("createLimiter", () => {
  it("allows the failures of a window and counts each address by itself", () => {
    const limiter = createLimiter(stillClock(), 3);
    expect([1, 2, 3].map(() => limiter.failed("127.0.0.1"))).toEqual([undefined, undefined, undefined]);
    expect(limiter.failed("127.0.0.1")).toBe(60);
    expect(limiter.failed("127.0.0.2")).toBeUndefined();
  });

  it("says how long to wait and then allows again", () => {
    const clock = stillClock();
    const limiter = createLimiter(clock, 1);
    limiter.failed("a");
    clock.at = 50_500;
    expect(limiter.failed("a")).toBe(10);
    clock.at = 60_000;
    expect(limiter.failed("a")).toBeUndefined();
  });

  it("counts an address once, however it is spelled", () => {
    const limiter = createLimiter(stillClock(), 1);
    limiter.failed("127.0.0.1");
    expect(limiter.failed("::ffff:127.0.0.1")).toBe(60);
    expect(limiter.failed("::FFFF:7f00:1")).toBe(60);
  });

  it("keeps a bounded number of addresses", () => {
    const limiter = createLimiter(stillClock(), 1);
    limiter.failed("first");
    for (let i = 0; i < 1_024; i++) limiter.failed(`10.0.${i >> 8}.${i & 255}`);
    expect(limiter.failed("first")).toBeUndefined();
  });

  it("forgets first the address whose last failure is the oldest", () => {
    const limiter = createLimiter(stillClock(), 1);
    limiter.failed("first");
    limiter.failed("second");
    expect(limiter.failed("first")).toBe(60);
    for (let i = 0; i < 1_023; i++) limiter.failed(`10.0.${i >> 8}.${i & 255}`);
    expect([limiter.failed("first"), limiter.failed("10.0.0.0"), limiter.failed("second")]).toEqual([60, 60, undefined]);
  });

  it("lets the window of each failure pass by itself", () => {
    const clock = stillClock();
    const limiter = createLimiter(clock, 2);
    for (const [at, wait] of [
      [0, undefined],
      [30_000, undefined],
      [59_999, 1],
      [60_000, undefined],
      [60_001, 30],
      [90_000, undefined],
    ] as const) {
      clock.at = at;
      expect(limiter.failed("a")).toBe(wait);
    }
  });
});

describe("canonicalAddress", () => {
  it.each([
    ["127.0.0.1", "127.0.0.1"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["0:0:0:0:0:ffff:7f00:1", "127.0.0.1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["FE80::1%eth0", "fe80::1"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["::ffff:ff01:2fe", "255.1.2.254"],
    ["1::ffff:7f00:1", "1::ffff:7f00:1"],
    ["::ffff:0:7f00:1", "::ffff:0:7f00:1"],
    ["::7f00:1", "::7f00:1"],
    ["fe80::1%a%b", "fe80::1"],
    ["No:Address", "no:address"],
    ["Name", "name"],
    ["", ""],
  ])("%j is %j", (address, canonical) => {
    expect(canonicalAddress(address)).toBe(canonical);
  });
});

describe("the limiter in the gate", () => {
  const host = { ...systemHost, clock: stillClock() };
  const withToken = (value: string, address: string): ReturnType<typeof call> =>
    call({ address, rawHeaders: ["Host", "127.0.0.1:7433", "Authorization", value] });

  it("answers 401 twenty times and then 429, over IPv4 and its mapped form alike, and never to the right token", async () => {
    const { handle } = testHandler({ host });
    const [statuses, passed]: [number[], number[]] = [[], []];
    for (let i = 0; i < 1_000; i++) {
      const reply = await handle(withToken(`Bearer wrong-${i}`, i % 2 ? "127.0.0.1" : "::ffff:127.0.0.1"));
      statuses.push(reply.status);
      if (i % 100 === 0) passed.push((await handle(call())).status);
    }
    expect(passed).toEqual(Array(10).fill(200));
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(401));
    expect(new Set(statuses.slice(20))).toEqual(new Set([429]));
    const last = await handle(withToken("Bearer wrong", "127.0.0.1"));
    expect([last.headers["Retry-After"], documentOf(last)["code"]]).toEqual(["60", "too_many_failures"]);
    expect((await handle(withToken(bearer[1] as string, "127.0.0.1"))).status).toBe(200);
  });

  it("counts a credential that fails in the body of an open operation, over TCP, and lets one that holds pass", async () => {
    const session = row({ name: "dashboard.session", method: "POST", path: "/dashboard/session", scope: "none" });
    const { handle } = testHandler({
      host,
      operations: [...operations, session],
      perform: async (_operation, input) => {
        if (input["code"] === "right") return { status: 200, body: {} };
        throw new AnodeError("auth_invalid", "The login code is unknown.", { details: { reason: "unknown" } });
      },
    });
    const open = async (code: string, door = tcpDoor): Promise<number> => {
      const rawHeaders = ["Host", "127.0.0.1:7433", "Content-Type", "application/json"];
      return (await handle({ ...post("/dashboard/session", { code }), rawHeaders, door, address: "10.1.1.1" })).status;
    };
    const statuses: number[] = [];
    for (let i = 0; i < 22; i++) statuses.push(await open(`wrong-${i}`));
    expect(statuses).toEqual([...Array(20).fill(401), 429, 429]);
    expect(await open("right")).toBe(200);
    expect((await handle(withToken("Bearer wrong", "10.1.1.1"))).status).toBe(429);
    expect(await open("wrong", { ...tcpDoor, kind: "unix" })).toBe(401);
  });

  it("does not count a missing credential", async () => {
    const { handle } = testHandler({ host });
    for (let i = 0; i < 30; i++) expect((await handle(call({ rawHeaders: ["Host", "127.0.0.1:7433"] }))).status).toBe(401);
    expect((await handle(withToken("Bearer wrong", "127.0.0.1"))).status).toBe(401);
  });

  it("counts no failure of ours, nor another refusal than of a credential", async () => {
    for (const [error, code] of [
      [new Error("database down"), "internal"],
      [new AnodeError("scope_required", "Not with this one."), "scope_required"],
    ] as const) {
      const { handle } = testHandler({ host, authenticate: () => Promise.reject(error) });
      for (let i = 0; i < 30; i++) expect(documentOf(await handle(call()))["code"]).toBe(code);
    }
  });

  it("counts calls of no known address together, and apart from the others", async () => {
    const { handle } = testHandler({ host });
    const fetched = { ...withToken("Bearer wrong", ""), address: undefined };
    for (let i = 0; i < 20; i++) expect((await handle(i % 2 ? fetched : withToken("Bearer wrong", ""))).status).toBe(401);
    expect((await handle(fetched)).status).toBe(429);
    expect((await handle(withToken("Bearer wrong", "127.0.0.1"))).status).toBe(401);
  });

  it("exempts the Unix socket", async () => {
    const { handle } = testHandler({ host });
    const door = { kind: "unix", hosts: [], origins: [] } as const;
    for (let i = 0; i < 30; i++) {
      const reply = await handle(call({ door, address: undefined, rawHeaders: ["Host", "anode", "Authorization", "Bearer wrong"] }));
      expect(reply.status).toBe(401);
    }
  });
});
