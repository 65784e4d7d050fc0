import { describe, expect, it } from "vitest";
import { AnodeError } from "../../../lib/errors.js";
import { defaultLimits, type Limits } from "../../../lib/limits.js";
import { idempotencyCollection, IdempotencyKeys, type KeyScope, type StoredReply } from "../../../lib/store/idempotency.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import { createTestHost } from "../../../lib/testing/test-host.js";

const scope: KeyScope = { callerId: "owner", operation: "runs.start", key: "k", request: { prompt: "x", budget: { events: 1 } } };

function bench(limits: Partial<Limits> = {}) {
  const host = createTestHost();
  const store = createMemoryStore();
  const bounds = { ...defaultLimits, ...limits };
  const open = () => new IdempotencyKeys(store, host, bounds, (deletes) => store.commit({ deletes }));
  const keys = open();
  let effects = 0;
  const call = (part: Partial<KeyScope> = {}, by = keys) =>
    by.once({ ...scope, ...part }, async (entry) => {
      const reply: StoredReply = { status: 201, body: { run_id: `R-${(effects += 1)}` } };
      await store.commit({ puts: [entry(reply)] });
      return reply;
    });
  return { host, store, keys, call, effects: () => effects, restarted: open };
}

describe("IdempotencyKeys.once", () => {
  it("keeps no more than a tenth above the limit, however many come: the oldest go, of this life and of former ones", async () => {
    const { store, call, restarted, effects } = bench({ idempotencyKeys: 20 });
    const count = async () => (await store.list(idempotencyCollection, { limit: 100 })).items.length;
    const turn = () => new Promise((resolve) => void setImmediate(resolve));
    for (let at = 0; at < 15; at += 1) await call({ key: `old ${at}` });
    const keys = restarted();
    const opening = keys.open();
    await call({ key: "while it opens" }, keys);
    await opening;
    for (let at = 0; at < 100; at += 1) {
      await call({ key: `new ${at}` }, keys);
      await turn();
      expect(await count()).toBeLessThanOrEqual(22);
    }
    expect(effects()).toBe(116);
    expect(await call({ key: "new 99" }, keys)).toMatchObject({ replayed: true });
    expect(await call({ key: "new 81" }, keys)).toMatchObject({ replayed: true });
    for (const key of ["old 14", "while it opens", "new 50"]) expect(await call({ key }, keys)).toMatchObject({ replayed: false });
  });

  it("lets go of keys whose calls were refused, too, and asks again when the removal was", async () => {
    const { store, host, keys, call } = bench({ idempotencyKeys: 10 });
    await keys.open();
    const { commit } = store;
    let isFull = true;
    const looked: string[] = [];
    const { get } = store;
    store.get = (collection, id) => (looked.push(id), get(collection, id));
    store.commit = (batch) => (isFull && batch.deletes ? Promise.reject(new AnodeError("storage_full", "full")) : commit(batch));
    const refused = (key: string) =>
      keys.once({ ...scope, key }, () => Promise.reject(new AnodeError("queue_full", "full"))).catch(() => {});
    for (let at = 0; at < 12; at += 1) await refused(`refused ${at}`);
    await new Promise((resolve) => void setImmediate(resolve));
    await refused("refused 0");
    expect(looked).toHaveLength(1);
    expect(host.lines).toContainEqual(expect.objectContaining({ level: "warn", event: "prune.failed" }));
    isFull = false;
    for (let at = 0; at < 12; at += 1) await call({ key: `kept ${at}` });
    await new Promise((resolve) => void setImmediate(resolve));
    await refused("refused 1");
    // It is a new key again, and costs no look.
    expect(looked).toHaveLength(1);
  });

  it("gives the same answer for the same call, with one effect, also after a restart", async () => {
    const { call, effects, restarted } = bench();
    expect(await call()).toEqual({ reply: { status: 201, body: { run_id: "R-1" } }, replayed: false });
    for (const by of [undefined, restarted()]) {
      expect(await call({}, by)).toEqual({ reply: { status: 201, body: { run_id: "R-1" } }, replayed: true });
    }
    expect(effects()).toBe(1);
  });

  it("looks into the store for keys it has seen, in this life or a former one, and for no others", async () => {
    const { store, call, restarted } = bench();
    await call();
    const looked: string[] = [];
    const { get } = store;
    store.get = (collection, id) => (looked.push(id), get(collection, id));
    const keys = restarted();
    await keys.open();
    expect(await call({ key: "fresh" }, keys)).toMatchObject({ replayed: false });
    expect(looked).toEqual([]);
    expect(await call({}, keys)).toMatchObject({ replayed: true });
    expect(await call({ key: "fresh" }, keys)).toMatchObject({ replayed: true });
    expect(looked).toHaveLength(2);
  });

  it("finds an entry before it has read which keys the store knows, also one of former times", async () => {
    const { store, call, restarted } = bench();
    await call();
    const [stored] = (await store.list(idempotencyCollection, { limit: 1 })).items;
    const { digest, ...former } = (stored?.record ?? {}) as { digest: string };
    expect(await call({}, restarted())).toMatchObject({ replayed: true });
    await store.commit({ deletes: [{ collection: idempotencyCollection, id: stored?.id ?? "" }] });
    await store.commit({ puts: [{ collection: idempotencyCollection, id: digest, record: former, expectedRevision: 0 }] });
    const keys = restarted();
    await keys.open();
    expect(await call({}, keys)).toMatchObject({ replayed: true });
  });

  it("goes on where it cannot read which keys the store knows", async () => {
    const { store, call, restarted } = bench();
    await call();
    const { list } = store;
    store.list = async (collection, query) => {
      if (!query.where) throw new AnodeError("internal", "One of the records is damaged.");
      return list(collection, query);
    };
    const keys = restarted();
    await expect(keys.open()).rejects.toMatchObject({ code: "internal" });
    expect(await call({}, keys)).toMatchObject({ replayed: true });
    expect(await call({ key: "fresh" }, keys)).toMatchObject({ replayed: false });
    expect(await call({ key: "fresh" }, keys)).toMatchObject({ replayed: true });
  });

  it("names entries in the order of time", async () => {
    const { host, store, call } = bench();
    for (const key of ["a", "b", "c", "d"]) {
      await call({ key });
      await host.clock.advance(1);
    }
    const ids = (await store.list(idempotencyCollection, { order: "asc", limit: 9 })).items.map(({ id }) => id);
    expect(ids).toHaveLength(4);
    expect(ids.toSorted()).toEqual(ids);
  });

  it("knows the same request in another order of its fields, and no other request", async () => {
    const { call, effects } = bench();
    await call();
    expect(await call({ request: { budget: { events: 1 }, prompt: "x" } })).toMatchObject({ replayed: true });
    await expect(call({ request: { prompt: "y" } })).rejects.toMatchObject({ code: "idempotency_mismatch", status: 422 });
    expect(effects()).toBe(1);
  });

  it("keeps callers and operations apart, whatever their keys look like", async () => {
    const { call, effects } = bench();
    const parts = [{}, { callerId: "token:1" }, { operation: "runs.input" }, { key: "k2" }, { callerId: "ownerruns", operation: ".start" }];
    for (const part of parts) expect(await call(part)).toMatchObject({ replayed: false });
    expect(effects()).toBe(parts.length);
  });

  it("refuses the same key while its call is worked on, and another request under it", async () => {
    const { keys, call } = bench();
    const gate = Promise.withResolvers<StoredReply>();
    const first = keys.once(scope, () => gate.promise);
    await expect(call()).rejects.toMatchObject({ code: "idempotency_in_flight", retryAfterSeconds: 1 });
    await expect(call({ request: {} })).rejects.toMatchObject({ code: "idempotency_mismatch" });
    gate.resolve({ status: 200, body: {} });
    await first;
  });

  it("keeps nothing of a call that failed", async () => {
    const { keys, call } = bench();
    await expect(keys.once(scope, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await call()).toMatchObject({ replayed: false });
  });

  it("forgets an answer after its life", async () => {
    const { host, call } = bench();
    await call();
    await host.clock.advance(defaultLimits.idempotencyMs - 1);
    expect(await call()).toMatchObject({ replayed: true });
    await host.clock.advance(1);
    expect(await call()).toMatchObject({ replayed: false });
    expect(await call({ request: scope.request })).toMatchObject({ replayed: true });
  });
});

describe("IdempotencyKeys.expired", () => {
  it("names what is past its life, and the oldest above the limit", async () => {
    const { host, store, keys, call } = bench({ idempotencyKeys: 2 });
    await call({ key: "old" });
    await host.clock.advance(defaultLimits.idempotencyMs);
    for (const key of ["a", "b", "c"]) await call({ key });
    expect(await keys.expired()).toHaveLength(2);
    await store.commit({ deletes: await keys.expired() });
    expect(await keys.expired()).toEqual([]);
    const again = [];
    for (const key of ["c", "b"]) again.push((await call({ key })).replayed);
    expect(again).toEqual([true, true]);
    expect(await call({ key: "a" })).toMatchObject({ replayed: false });
  });

  it("lets a damaged entry go, and finds what lies behind it the next time", async () => {
    const { host, store, keys, call } = bench();
    await call({ key: "old" });
    await host.clock.advance(defaultLimits.idempotencyMs);
    await call({ key: "damaged" });
    const { items } = await store.list(idempotencyCollection, { limit: 9 });
    const [damaged = "", old = ""] = items.map(({ id }) => id);
    const { list } = store;
    store.list = async (collection, query) => {
      const page = await list(collection, query);
      if (page.items.some(({ id }) => id === damaged)) {
        throw new AnodeError("internal", "It is damaged.", { details: { collection, id: damaged } });
      }
      return page;
    };
    const first = await keys.expired();
    expect(first).toEqual([{ collection: idempotencyCollection, id: damaged }]);
    await store.commit({ deletes: first });
    expect(await keys.expired()).toEqual([{ collection: idempotencyCollection, id: old }]);
  });

  it("fails with a store that fails", async () => {
    const { store, keys } = bench();
    await store.close();
    await expect(keys.expired()).rejects.toMatchObject({ code: "shutting_down" });
  });
});
