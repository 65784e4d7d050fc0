import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import type { CarrierCall } from "../../../adapters/client/carrier.js";
import { createCredential, type Token } from "../../../adapters/client/credential.js";
import { formatTime } from "../../../lib/system-host.js";
import { createManualClock } from "../../../lib/testing/manual-clock.js";
import { codeOf, errorOf, event, json, problem, scriptedClient, stream } from "./fixtures.js";

const sent = (calls: readonly CarrierCall[]): unknown[] => calls.map(({ headers }) => headers["authorization"]);

/** A provider of one token after the other; the last one stays. */
function tokens(...given: (Token | undefined)[]): { provide: () => Token | undefined; asked: () => number } {
  let asked = 0;
  return { provide: () => given[Math.min(asked++, given.length - 1)], asked: () => asked };
}

describe("the credential of a client", () => {
  it("is sent with each call, and none without one", async () => {
    const given = scriptedClient([json({ ready: true }), stream(event(1, "completed"))], { token: "t1" });
    await given.client.ready();
    await given.client.runs.attach("R-1").next();
    expect(sent(given.calls)).toEqual(["Bearer t1", "Bearer t1"]);
    const without = scriptedClient([json({ ready: true })]);
    await without.client.ready();
    expect(without.calls[0]?.headers).not.toHaveProperty("authorization");
  });

  it("is asked for anew when it was refused, and the call sent once more, with the same key", async () => {
    const { provide, asked } = tokens("old", "new");
    const { client, calls } = scriptedClient(
      [problem("auth_invalid", { reason: "expired" }), json({ run_id: "R-1" }, 201), json({ ready: true })],
      {
        token: provide,
      },
    );
    expect(await client.runs.start({ prompt: "p" })).toEqual({ run_id: "R-1" });
    await client.ready();
    expect(sent(calls)).toEqual(["Bearer old", "Bearer new", "Bearer new"]);
    expect(calls[0]?.headers["idempotency-key"]).toBe(calls[1]?.headers["idempotency-key"]);
    expect(asked()).toBe(2);
  });

  it("is found when there was none at first", async () => {
    const { client, calls } = scriptedClient([problem("auth_required"), json({ ready: true })], {
      token: tokens(undefined, "new").provide,
    });
    await client.ready();
    expect(sent(calls)).toEqual([undefined, "Bearer new"]);
  });

  it("is tried once more only, and not at all when it is the same", async () => {
    const twice = scriptedClient([problem("auth_invalid"), problem("auth_invalid")], { token: tokens("a", "b", "c").provide });
    expect(await codeOf(twice.client.ready())).toBe("auth_invalid");
    const same = scriptedClient([problem("auth_invalid")], { token: tokens("a").provide });
    expect(await codeOf(same.client.ready())).toBe("auth_invalid");
    expect(same.calls.length).toBe(1);
  });

  it("is asked for once, however many calls were refused", async () => {
    const { provide, asked } = tokens("old", "new");
    const answer = ({ headers }: CarrierCall) =>
      headers["authorization"] === "Bearer new" ? json({ ready: true }) : problem("auth_invalid");
    const { client } = scriptedClient(
      Array.from({ length: 10 }, () => answer),
      { token: provide },
    );
    await Promise.all(Array.from({ length: 5 }, () => client.ready()));
    expect(asked()).toBe(2);
  });

  it("is renewed at four fifths of its life, while the old one is still used", async () => {
    const clock = createManualClock();
    const { provide, asked } = tokens({ token: "a", expires_at: formatTime(clock.now() + 100_000) }, { token: "b" });
    const credential = createCredential(provide, clock);
    expect(await credential.current()).toBe("a");
    await clock.advance(79_999);
    expect(await credential.current()).toBe("a");
    expect(asked()).toBe(1);
    await clock.advance(1);
    expect(await credential.current()).toBe("a");
    await clock.advance(0);
    expect(await credential.current()).toBe("b");
    expect(asked()).toBe(2);
  });

  it("outlives a provider that fails before its end, and no longer", async () => {
    const clock = createManualClock();
    let asked = 0;
    const credential = createCredential(() => {
      if (asked++ > 0) throw new Error("no");
      return { token: "a", expires_at: formatTime(clock.now() + 100_000) };
    }, clock);
    expect(await credential.current()).toBe("a");
    await clock.advance(90_000);
    expect(await credential.current()).toBe("a");
    await clock.advance(10_000);
    await expect(credential.current()).rejects.toThrow("no");
  });

  it("never shows", async () => {
    const secret = "anode_verysecret";
    const { client } = scriptedClient([problem("auth_invalid"), new Error("of the carrier")], { token: secret });
    const shown = [
      inspect(client, { depth: 20, showHidden: true }),
      JSON.stringify(client),
      inspect(await errorOf(client.ready()), { depth: 20 }),
    ];
    shown.push(inspect(await errorOf(client.ready()), { depth: 20 }));
    const broken = scriptedClient([], { token: `${secret} with spaces\n` });
    const error = await errorOf(broken.client.ready());
    expect(error).toMatchObject({ code: "invalid_request" });
    expect([...shown, inspect(error, { depth: 20 })].join()).not.toContain("verysecret");
  });
});
