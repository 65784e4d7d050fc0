import { describe, expect, it } from "vitest";
import { allScopes, type Caller } from "../../../lib/caller.js";
import { isAnodeError } from "../../../lib/errors.js";
import { systemHost } from "../../../lib/system-host.js";
import { LoginCodes } from "../../../lib/tokens/login-codes.js";
import { hour, known, minute, owner, refusal, second, testTokens } from "./fixtures.js";

describe("A login code", () => {
  it("is 128 bits, each another", async () => {
    const codes = new LoginCodes(systemHost, 16);
    const texts = await Promise.all(Array.from({ length: 16 }, async () => (await codes.create({ scopes: ["read"] })).code));
    for (const text of texts) expect(Buffer.from(text, "base64url")).toHaveLength(16);
    expect(new Set(texts).size).toBe(16);
  });

  it("is exchanged for a token of 12 h with its maker's scopes, and that token is the caller from then on", async () => {
    const { tokens, host } = await testTokens();
    const { code, expires_at } = await tokens.createCode(undefined, owner);
    expect(Date.parse(expires_at) - host.clock.now()).toBe(minute);
    const session = await tokens.openSession(code);
    expect(session).toEqual({ token: expect.stringMatching(/^anode_at_/), scopes: allScopes, expires_at: expect.any(String) });
    expect(Date.parse(session.expires_at) - host.clock.now()).toBe(12 * hour);
    expect(tokens.list()).toMatchObject([{ label: "dashboard", scopes: allScopes }]);
    expect(await known(tokens, session.token)).toBe(`token:${tokens.list()[0]?.id}`);
    await host.clock.advance(12 * hour);
    expect(await known(tokens, session.token)).toBe("auth_invalid expired");
  });

  it("is good once, also for two who show it at the same time", async () => {
    const { tokens } = await testTokens();
    const { code } = await tokens.createCode(undefined, owner);
    const outcomes = await Promise.allSettled([tokens.openSession(code), tokens.openSession(code)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await refusal(tokens.openSession(code))).toBe("auth_invalid unknown");
    expect(tokens.list()).toHaveLength(1);
  });

  it("is good for 60 s, and no setting of the clock lengthens that", async () => {
    const { tokens, host } = await testTokens();
    const [last, late] = await Promise.all([tokens.createCode(undefined, owner), tokens.createCode(undefined, owner)]);
    await host.clock.advance(minute - 1);
    expect(await tokens.openSession(last.code)).toMatchObject({ scopes: allScopes });
    host.clock.jump(-hour);
    await host.clock.advance(1);
    expect(await refusal(tokens.openSession(late.code))).toBe("auth_invalid expired");
  });

  it("is not harmed by wrong ones, and does not outlive its process", async () => {
    const { tokens, restarted } = await testTokens();
    const { code } = await tokens.createCode(undefined, owner);
    for (const wrong of ["", "x", code.slice(1), `${code}x`, code.toUpperCase().padStart(23)]) {
      expect(await refusal(tokens.openSession(wrong))).toBe("auth_invalid unknown");
    }
    expect(await refusal((await restarted()).openSession(code))).toBe("auth_invalid unknown");
    expect(await tokens.openSession(code)).toMatchObject({ scopes: allScopes });
  });

  it("has at most its maker's scopes, or those that were named", async () => {
    const { tokens } = await testTokens();
    const reader: Caller = { id: "token:T-1", door: "tcp", scopes: ["read", "approve"] };
    expect(await refusal(tokens.createCode(["read", "control"], reader))).toBe("scope_required");
    expect((await tokens.openSession((await tokens.createCode(undefined, reader)).code)).scopes).toEqual(["read", "approve"]);
    expect((await tokens.openSession((await tokens.createCode(["read"], owner)).code)).scopes).toEqual(["read"]);
    const admin: Caller = { ...reader, scopes: ["admin"] };
    expect((await tokens.openSession((await tokens.createCode(undefined, admin)).code)).scopes).toEqual(allScopes);
  });

  it("is one of 16 at most, made at once or one by one; one that was used or is over makes room", async () => {
    const { tokens, host } = await testTokens();
    const made = await Promise.allSettled(Array.from({ length: 20 }, () => tokens.createCode(undefined, owner)));
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(16);
    await host.clock.advance(20 * second);
    const refused = await tokens.createCode(undefined, owner).catch((error: unknown) => error);
    expect(isAnodeError(refused) && [refused.code, refused.retryAfterSeconds]).toEqual(["too_many_tokens", 40]);
    const [first] = made;
    if (first?.status === "fulfilled") await tokens.openSession(first.value.code);
    expect(await tokens.createCode(undefined, owner)).toHaveProperty("code");
    await host.clock.advance(minute);
    for (let count = 0; count < 16; count += 1) await tokens.createCode(undefined, owner);
    expect(await refusal(tokens.createCode(undefined, owner))).toBe("too_many_tokens");
  });
});
