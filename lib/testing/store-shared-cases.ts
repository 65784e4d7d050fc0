import { isAnodeError } from "../errors.js";
import type { Batch, Store } from "../store/store.js";
import { expectEqual, expectRejection, expectTrue } from "./expect.js";
import { appendOf, eventsOf, type StoreInstance, type StoreSubject, seqsOf, withStore } from "./store-subject.js";
import type { SuiteCase } from "./suite.js";

const large = 1 << 20;

/** The store's promises about commits as such, its end and its durability. */
export const sharedCases: readonly SuiteCase<StoreSubject>[] = [
  {
    clause: "store.atomic",
    title: "all parts of a batch are there once it is acknowledged",
    run: withStore(async (store) => {
      await store.commit({ appends: [appendOf("run:old", 0)], puts: [put("old", 0)] });
      const parts: Batch = {
        appends: [appendOf("run:1", 0, 2), appendOf("feed", 0)],
        puts: [put("1", 0)],
        deletes: [{ collection: "runs", id: "old" }],
        drops: ["run:old"],
      };
      await store.commit(parts);
      const streams = await Promise.all(["run:1", "feed", "run:old"].map((stream) => seqsOf(store, stream)));
      expectEqual(streams, [[1, 2], [1], []], "The streams");
      expectEqual([(await store.get("runs", "1"))?.revision, await store.get("runs", "old")], [1, undefined], "The records");
    }),
  },
  {
    clause: "store.atomic",
    title: "an empty batch is acknowledged and changes nothing",
    run: withStore(async (store) => {
      await store.commit({});
      await store.commit({ appends: [], puts: [], deletes: [], drops: [] });
      expectEqual(await store.list("runs", { limit: 1 }), { items: [], more: false }, "The records");
    }),
  },
  {
    clause: "store.order",
    title: "commits under way at once are applied in the order of the calls",
    run: withStore(async (store) => {
      const commits = Array.from({ length: 200 }, (_, index) =>
        store.commit({ appends: [appendOf("run:1", index)], puts: [put("1", index, { index })] }),
      );
      await Promise.all(commits);
      expectEqual((await seqsOf(store, "run:1")).length, 200, "The number of events");
      expectEqual((await store.get("runs", "1"))?.record, { index: 199 }, "The record");
    }),
  },
  {
    clause: "store.order",
    title: "a stale commit among others under way is refused alone",
    run: withStore(async (store) => {
      const batches = [
        appendOf("run:1", 0),
        appendOf("run:1", 0, 1, "stale"),
        appendOf("run:1", 1),
        appendOf("run:2", 5),
        appendOf("run:2", 0),
        appendOf("run:1", 2),
      ];
      const outcomes = await Promise.all(
        batches.map((append, index) => codeOf(store.commit({ appends: [append], puts: [put(`${index}`, 0)] }))),
      );
      expectEqual(outcomes, ["ok", "stale_commit", "ok", "stale_commit", "ok", "ok"], "The outcomes");
      expectEqual([await seqsOf(store, "run:1"), await seqsOf(store, "run:2")], [[1, 2, 3], [1]], "The streams");
      expectEqual(
        (await store.list("runs", { order: "asc", limit: 9 })).items.map(({ id }) => id),
        ["0", "2", "4", "5"],
        "The records",
      );
      const texts = eventsOf(await store.read("run:1", 0, large)).map(({ payload }) => payload["text"]);
      expectEqual(texts, ["text 1", "text 2", "text 3"], "The texts");
    }),
  },
  {
    clause: "store.visible",
    title: "an acknowledged batch is in every later read, get, list and count",
    run: withStore(async (store) => {
      for (let step = 0; step < 20; step += 1) {
        await store.commit({ appends: [appendOf("run:1", step)], puts: [put(`${step}`, 0, { status: "queued" })] });
        const [page, stored, list, counts] = await Promise.all([
          store.read("run:1", step, large),
          store.get("runs", `${step}`),
          store.list("runs", { limit: 1 }),
          store.count("runs", "status"),
        ]);
        expectEqual(
          [page.toSeq, stored?.revision, list.items[0]?.id, counts["queued"]],
          [step + 1, 1, `${step}`, step + 1],
          `After step ${step}`,
        );
      }
    }),
  },
  {
    clause: "store.usage",
    title: "usage names the kind and the bytes, which grow with what is stored",
    run: withStore(async (store) => {
      const before = await store.usage();
      for (let step = 0; step < 4; step += 1) await store.commit({ appends: [appendOf("run:1", step, 1, "x".repeat(100_000))] });
      const after = await store.usage();
      expectTrue(
        after.kind !== "" && after.bytes - before.bytes >= 390_000,
        `400,000 bytes more must show, ${before.bytes} became ${after.bytes}.`,
      );
    }),
  },
  {
    clause: "store.close",
    title: "close lets commits under way finish, is idempotent, and every later call rejects with shutting_down",
    run: withStore(async (store) => {
      const commits = Array.from({ length: 20 }, (_, index) => store.commit({ appends: [appendOf("run:1", index)] }));
      const closed = [store.close(), store.close()];
      await Promise.all(commits);
      await Promise.all(closed);
      await store.close();
      for (const [name, call] of Object.entries(everyCall(store))) await expectRejection(call(), "shutting_down", `${name} after close`);
    }),
  },
  {
    clause: "store.reopen",
    title: "after reopening, what was acknowledged is there, and nothing else",
    needs: "durable",
    run: withStore(async (store, instance) => {
      await store.commit({
        appends: [appendOf("run:1", 0, 3), appendOf("run:2", 0), appendOf("run:3", 0)],
        puts: [put("1", 0, { status: "queued" }), put("2", 0), put("3", 0)],
      });
      await store.commit({
        appends: [appendOf("run:1", 3, 2)],
        puts: [put("1", 1, { status: "running" })],
        deletes: [{ collection: "runs", id: "3" }],
        drops: ["run:3"],
      });
      await codeOf(store.commit({ appends: [appendOf("run:1", 0)], puts: [put("4", 0)] }));
      const before = await contentsOf(store);
      const after = await reopened(instance);
      expectEqual(await contentsOf(after), before, "The contents");
      expectEqual(before.streams, [[1, 2, 3, 4, 5], [1], []], "The streams");
      await after.commit({ appends: [appendOf("run:1", 5)], puts: [put("5", 0), put("1", 2)] });
      const ordinals = (await after.list("runs", { limit: 9 })).items.map(({ ordinal }) => ordinal);
      expectTrue((ordinals[0] ?? 0) > 3, `The ordinal of a new record must be above those ever given, it is ${ordinals[0]}.`);
    }),
  },
  {
    clause: "store.reopen",
    title: "what was acknowledged before close is there, though nobody waited for the close",
    needs: "durable",
    run: withStore(async (store, instance) => {
      await Promise.all(Array.from({ length: 50 }, (_, index) => store.commit({ appends: [appendOf("run:1", index)] })));
      expectEqual((await seqsOf(await reopened(instance), "run:1")).length, 50, "The number of events");
    }),
  },
];

function put(
  id: string,
  expectedRevision: number,
  record: object = {},
): { collection: string; id: string; record: object; expectedRevision: number } {
  return { collection: "runs", id, record, expectedRevision };
}

function everyCall(store: Store): Record<string, () => Promise<unknown>> {
  return {
    commit: () => store.commit({}),
    read: () => store.read("run:1", 0, large),
    get: () => store.get("runs", "1"),
    list: () => store.list("runs", { limit: 1 }),
    count: () => store.count("runs", "status"),
    usage: () => store.usage(),
  };
}

async function reopened(instance: StoreInstance): Promise<Store> {
  if (!instance.reopen) throw new Error("A durable store's subject must have reopen().");
  return instance.reopen();
}

async function contentsOf(store: Store): Promise<{ streams: readonly unknown[]; runs: readonly unknown[] }> {
  const streams = await Promise.all(["run:1", "run:2", "run:3"].map((stream) => seqsOf(store, stream)));
  return { streams, runs: (await store.list("runs", { limit: 100 })).items };
}

async function codeOf(commit: Promise<void>): Promise<string> {
  return commit.then(
    () => "ok",
    (error: unknown) => (isAnodeError(error) ? error.code : String(error)),
  );
}
