import { describe, expect, it } from "vitest";
import type { NewToken } from "../../../lib/tokens/schema.js";
import type { Tokens } from "../../../lib/tokens/tokens.js";
import { day, known, minute, owner, refusal, second, testTokens } from "./fixtures.js";

type Pair = Required<NewToken>;

const begin = async (tokens: Tokens, ttl_ms?: number): Promise<Pair> =>
  (await tokens.create({ label: "ci", scopes: ["read"], refresh: true, ...(ttl_ms && { ttl_ms }) }, owner)) as Pair;
const next = async (tokens: Tokens, { refresh_token }: Pair): Promise<Pair> => (await tokens.refresh(refresh_token)) as Pair;
const since = (host: { clock: { now(): number } }, time: string): number => Date.parse(time) - host.clock.now();

describe("A refresh token", () => {
  it("comes with a token that asked for one, and with no other", async () => {
    const { tokens, host } = await testTokens();
    const pair = await begin(tokens);
    expect(pair).toMatchObject({
      token: expect.stringMatching(/^anode_at_/),
      refresh_token: expect.stringMatching(/^anode_rt_[\w-]{43}$/),
    });
    expect([since(host, pair.expires_at), since(host, pair.refresh_expires_at)]).toEqual([15 * minute, 7 * day]);
    expect(await tokens.create({ label: "x", scopes: ["read"] }, owner)).not.toHaveProperty("refresh_token");
    expect(tokens.list().map((token) => token.refresh_expires_at)).toEqual([undefined, pair.refresh_expires_at]);
  });

  it("is exchanged for a pair of the same family, with the same scopes and life", async () => {
    const { tokens, host } = await testTokens();
    const first = await begin(tokens, 2 * minute);
    await host.clock.advance(minute);
    const then = await next(tokens, first);
    expect(then).toMatchObject({ id: first.id, scopes: ["read"] });
    expect([since(host, then.expires_at), since(host, then.refresh_expires_at)]).toEqual([2 * minute, 7 * day]);
    expect(new Set([first.token, then.token, first.refresh_token, then.refresh_token]).size).toBe(4);
    expect(then.refresh_token).toMatch(/^anode_rt_[\w-]{43}$/);
    expect(then.token).toMatch(/^anode_at_[\w-]{43}$/);
    expect(await known(tokens, then.token)).toBe(`token:${first.id}`);
    expect(tokens.list()).toHaveLength(1);
  });

  it("leaves the token before it to its own end, one that was open with it too", async () => {
    const { tokens, host } = await testTokens();
    const first = await begin(tokens);
    const { ended } = await tokens.verify(first.token, "tcp");
    await host.clock.advance(12 * minute);
    await next(tokens, first);
    expect([await known(tokens, first.token), ended.aborted]).toEqual([`token:${first.id}`, false]);
    await host.clock.advance(3 * minute);
    expect([await known(tokens, first.token), ended.aborted]).toEqual(["auth_invalid expired", true]);
  });

  it("gives the same pair again for 10 s, however many ask, and after a restart", async () => {
    const { tokens, host, restarted } = await testTokens();
    const first = await begin(tokens);
    const answers = await Promise.all(Array.from({ length: 50 }, () => next(tokens, first)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    await host.clock.advance(5 * second);
    expect(await next(await restarted(), first)).toEqual(answers[0]);
    await host.clock.advance(5 * second);
    expect(await next(tokens, first)).toEqual(answers[0]);
    expect(await known(tokens, (answers[0] as Pair).token)).toBe(`token:${first.id}`);
  });

  it("shown again after 10 s revokes the whole family, for good", async () => {
    const { tokens, host, restarted } = await testTokens();
    const first = await begin(tokens);
    const then = await next(tokens, first);
    const { ended } = await tokens.verify(then.token, "tcp");
    await host.clock.advance(10 * second + 1);
    expect(await refusal(tokens.refresh(first.refresh_token))).toBe("auth_invalid reused");
    expect(ended.aborted).toBe(true);
    for (const at of [tokens, await restarted()]) {
      expect(await known(at, first.token)).toBe("auth_invalid revoked");
      expect(await known(at, then.token)).toBe("auth_invalid revoked");
      expect(await refusal(at.refresh(then.refresh_token))).toBe("auth_invalid revoked");
      expect(await refusal(at.refresh(first.refresh_token))).toBe("auth_invalid revoked");
    }
  });

  it("is known as used however long ago that was", async () => {
    const { tokens } = await testTokens();
    const first = await begin(tokens);
    let pair = first;
    for (let count = 0; count < 5; count += 1) pair = await next(tokens, pair);
    expect(await refusal(tokens.refresh(first.refresh_token))).toBe("auth_invalid reused");
    expect(await known(tokens, pair.token)).toBe("auth_invalid revoked");
  });

  it("of one family says nothing about another; a text that was never one is unknown and harms nobody", async () => {
    const { tokens } = await testTokens();
    const [one, other] = [await begin(tokens), await begin(tokens)];
    for (const text of ["", "x", one.token, "anode_rt_", `anode_rt_${"A".repeat(43)}`, `${one.refresh_token}A`]) {
      expect(await refusal(tokens.refresh(text))).toBe("auth_invalid unknown");
    }
    // Whoever has its beginning has, or had, a token of the family.
    const altered = `${one.refresh_token.slice(0, -1)}${one.refresh_token.endsWith("A") ? "B" : "A"}`;
    expect(await refusal(tokens.refresh(altered))).toBe("auth_invalid reused");
    expect([await known(tokens, one.token), await known(tokens, other.token)]).toEqual(["auth_invalid revoked", `token:${other.id}`]);
  });

  it("ends 7 days after its last use, and 30 days after the first", async () => {
    const { tokens, host } = await testTokens();
    const idle = await begin(tokens);
    let used = await begin(tokens);
    for (let days = 0; days < 28; days += 4) {
      await host.clock.advance(4 * day);
      used = await next(tokens, used);
    }
    expect(await refusal(tokens.refresh(idle.refresh_token))).toBe("auth_invalid expired");
    expect(since(host, used.refresh_expires_at)).toBe(2 * day);
    await host.clock.advance(2 * day - 1);
    used = await next(tokens, used);
    await host.clock.advance(1);
    expect(await refusal(tokens.refresh(used.refresh_token))).toBe("auth_invalid expired");
  });

  it("survives a restart with its family", async () => {
    const { tokens, host, restarted } = await testTokens();
    const then = await next(tokens, await begin(tokens));
    const later = await restarted();
    expect(await known(later, then.token)).toBe(`token:${then.id}`);
    await host.clock.advance(minute);
    const third = await next(later, then);
    expect(await known(await restarted(), third.token)).toBe(`token:${then.id}`);
  });

  it("is revoked by revoking the token that it came with", async () => {
    const { tokens } = await testTokens();
    const then = await next(tokens, await begin(tokens));
    await tokens.revoke(then.id);
    expect(await refusal(tokens.refresh(then.refresh_token))).toBe("auth_invalid revoked");
  });

  it("is spent only when that is stored", async () => {
    const { tokens, store, restarted } = await testTokens();
    const first = await begin(tokens);
    const then = await next(tokens, first);
    store.failCommits(1, "storage_full");
    expect(await refusal(tokens.refresh(then.refresh_token))).toBe("storage_full");
    const third = await next(tokens, then);
    expect(await known(await restarted(), third.token)).toBe(`token:${first.id}`);
  });

  it("leaves no text of a token in the store", async () => {
    const { tokens, store } = await testTokens();
    const first = await begin(tokens);
    const then = await next(tokens, first);
    const { items } = await store.list("tokens", { limit: 10 });
    const text = JSON.stringify(items);
    const secrets = [first, then].flatMap((pair) => [pair.token, pair.refresh_token, pair.refresh_token.slice(9, 31)]);
    for (const secret of secrets) expect(text).not.toContain(secret.replace(/^anode_.t_/, ""));
  });
});
