import { describe, expect, it } from "vitest";
import { hour, known, minute, owner, refusal, testTokens } from "./fixtures.js";

describe("Tokens", () => {
  it("are revoked when that is stored, not before and not without", async () => {
    const { tokens, store, restarted } = await testTokens();
    const { id, token } = await tokens.create({ label: "x", scopes: ["read"] }, owner);
    const { ended } = await tokens.verify(token, "tcp");
    store.failCommits(1, "storage_full");
    expect(await refusal(tokens.revoke(id))).toBe("storage_full");
    expect([await known(tokens, token), ended.aborted]).toEqual([`token:${id}`, false]);
    const [first, second] = await Promise.all([tokens.revoke(id), tokens.revoke(id)]);
    expect(second).toEqual(first);
    expect([await known(tokens, token), ended.aborted]).toEqual(["auth_invalid revoked", true]);
    expect(await known(await restarted(), token)).toBe("auth_invalid revoked");
    expect(await refusal(tokens.revoke("T-0"))).toBe("not_found");
  });

  it("end what is open with them at their time", async () => {
    const { tokens, host } = await testTokens();
    const { token } = await tokens.create({ label: "x", scopes: ["read"], ttl_ms: minute }, owner);
    const { ended } = await tokens.verify(token, "tcp");
    await host.clock.advance(minute - 1);
    expect(ended.aborted).toBe(false);
    await host.clock.advance(1);
    expect(ended.aborted).toBe(true);
  });

  it("are 1,000 at most: what has ended gives way, and nothing that holds", async () => {
    const { tokens, host, restarted } = await testTokens({ tokens: 3 });
    const make = (ttl_ms: number, refresh = false) => tokens.create({ label: "x", scopes: ["read"], ttl_ms, refresh }, owner);
    const [short, refreshed] = [await make(minute), await make(minute, true)];
    const long = await make(hour);
    expect(await refusal(make(hour))).toBe("too_many_tokens");
    await host.clock.advance(minute);
    const made = await make(hour);
    expect(await refusal(make(hour))).toBe("too_many_tokens");
    for (const at of [tokens, await restarted()]) {
      expect(at.list().map(({ id }) => id)).toEqual([made.id, long.id, refreshed.id]);
      expect(await known(at, short.token)).toBe("auth_invalid unknown");
    }
    expect(await tokens.refresh(refreshed.refresh_token as string)).toMatchObject({ id: refreshed.id });
    await tokens.revoke(long.id);
    await make(hour);
  });

  it("are no more than that when they are made at once; those of runs and peers are not counted", async () => {
    const { tokens } = await testTokens({ tokens: 3 });
    await tokens.createForRun("R-1", "anode_at_7_");
    await tokens.createForPeer("peer-1");
    const made = await Promise.allSettled(
      Array.from({ length: 5 }, () => tokens.create({ label: "x", scopes: ["read"], refresh: true }, owner)),
    );
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    for (let count = 0; count < 5; count += 1) await tokens.createForRun(`R-${count}`, "anode_at_7_");
    expect(await refusal(tokens.openSession((await tokens.createCode(undefined, owner)).code))).toBe("too_many_tokens");
  });

  it("reach no further than the run their maker is bound to", async () => {
    const { tokens } = await testTokens();
    const maker = { ...owner, id: "token:T-1", run_id: "R-1" };
    const made = await tokens.create({ label: "x", scopes: ["read"], run_id: "R-2" }, maker);
    const session = await tokens.openSession((await tokens.createCode(undefined, maker)).code);
    for (const { token } of [made, session]) expect((await tokens.verify(token, "tcp")).caller.run_id).toBe("R-1");
  });

  it("of a run name the peer that the run is, those that are made later too, and the newer one where it is another by now", async () => {
    const { tokens, restarted } = await testTokens();
    const early = await tokens.createForRun("R-1", "anode_at_");
    await tokens.bindRun("R-1", "peer-1");
    const later = await tokens.createForRun("R-1", "anode_at_");
    const peersOf = async (of: typeof tokens) =>
      Promise.all([early, later].map(async (token) => (await of.verify(token, "tcp")).caller.peer_id));
    expect([await peersOf(tokens), await peersOf(await restarted())]).toEqual([Array(2).fill("peer-1"), Array(2).fill("peer-1")]);
    const ended = tokens.endPeer("peer-1");
    await tokens.bindRun("R-1", "peer-2");
    await ended;
    expect(await peersOf(tokens)).toEqual(["peer-2", "peer-2"]);
    await tokens.endPeer("peer-2");
    expect([await peersOf(tokens), await peersOf(await restarted())]).toEqual([Array(2).fill(undefined), Array(2).fill(undefined)]);
  });

  it("of a run end with it, refreshed or not", async () => {
    const { tokens } = await testTokens();
    const pair = await tokens.create({ label: "x", scopes: ["read"], run_id: "R-1", refresh: true }, owner);
    const { ended } = await tokens.verify(pair.token, "tcp");
    await tokens.endRun("R-1");
    expect([ended.aborted, await known(tokens, pair.token)]).toEqual([true, "auth_invalid unknown"]);
    expect(await refusal(tokens.refresh(pair.refresh_token as string))).toBe("auth_invalid unknown");
  });
});
