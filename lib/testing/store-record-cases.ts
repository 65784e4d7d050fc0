import type { ListQuery, Put, Store } from "../store/store.js";
import { expectEqual, expectRejection } from "./expect.js";
import { appendOf, type StoreSubject, seqsOf, withStore } from "./store-subject.js";
import type { SuiteCase } from "./suite.js";

/** The store's promises about records. */
export const recordCases: readonly SuiteCase<StoreSubject>[] = [
  {
    clause: "store.get",
    title: "a record comes back as it was put, with its revision",
    run: withStore(async (store) => {
      const record = { id: "1", text: "\u0000\u2028\u{1f600}", list: [1, 2.5, null, true], deep: { __proto__x: {} } };
      await store.commit({ puts: [put("runs", "1", 0, record)] });
      const stored = await store.get("runs", "1");
      expectEqual([stored?.id, stored?.revision, stored?.record], ["1", 1, record], "The record");
      await store.commit({ puts: [put("runs", "1", 1, { new: true }), put("runs", "1", 2, { newer: true })] });
      const changed = await store.get("runs", "1");
      expectEqual([changed?.revision, changed?.record, changed?.ordinal], [3, { newer: true }, stored?.ordinal], "The changed record");
      expectEqual([await store.get("runs", "2"), await store.get("asks", "1")], [undefined, undefined], "What is not there");
    }),
  },
  {
    clause: "store.stale",
    title: "a stale revision refuses the whole batch and leaves nothing of it",
    run: withStore(async (store) => {
      await store.commit({ puts: [put("runs", "1", 0), put("runs", "1", 1), put("runs", "0", 0, { kept: true })] });
      for (const expectedRevision of [0, 1, 3]) {
        const commit = store.commit({
          appends: [appendOf("run:1", 0)],
          puts: [put("runs", "0", 1, { wrong: true }), put("runs", "2", 0), put("runs", "1", expectedRevision, { wrong: true })],
        });
        await expectRejection(commit, "stale_commit", `Expecting revision ${expectedRevision} of a record at 2`);
      }
      await expectRejection(store.commit({ puts: [put("runs", "3", 1)] }), "stale_commit", "Expecting revision 1 of no record");
      expectEqual([(await store.get("runs", "1"))?.revision, (await store.get("runs", "1"))?.record], [2, {}], "The record");
      expectEqual([await store.get("runs", "2"), await store.get("runs", "3")], [undefined, undefined], "The other records");
      const before = await store.get("runs", "0");
      expectEqual([before?.revision, before?.record], [1, { kept: true }], "The record that the refused batch had changed before");
      expectEqual(await seqsOf(store, "run:1"), [], "The stream of the batch");
    }),
  },
  {
    clause: "store.delete",
    title: "a deleted record is gone, and a stale delete refuses the whole batch",
    run: withStore(async (store) => {
      await store.commit({ puts: [put("runs", "1", 0), put("runs", "2", 0), put("runs", "3", 0)] });
      const stale = store.commit({
        puts: [put("runs", "4", 0)],
        deletes: [
          { collection: "runs", id: "1" },
          { collection: "runs", id: "2", expectedRevision: 2 },
        ],
      });
      await expectRejection(stale, "stale_commit", "A delete expecting revision 2 of a record at 1");
      const gone = { collection: "runs", id: "1" };
      await expectRejection(
        store.commit({ deletes: [gone, { ...gone, expectedRevision: 1 }] }),
        "stale_commit",
        "A delete of what is gone",
      );
      expectEqual(await idsOf(store, "runs"), ["3", "2", "1"], "The records after a refused delete");
      await store.commit({
        deletes: [
          { collection: "runs", id: "1", expectedRevision: 1 },
          { collection: "runs", id: "2" },
          { collection: "runs", id: "nobody" },
        ],
      });
      expectEqual(await idsOf(store, "runs"), ["3"], "The records");
      await store.commit({ puts: [put("runs", "3", 1)], deletes: [{ collection: "runs", id: "3", expectedRevision: 2 }] });
      expectEqual(await idsOf(store, "runs"), [], "A record put and deleted in one batch");
    }),
  },
  {
    clause: "store.ordinal",
    title: "ordinals ascend over all collections and are never given twice",
    run: withStore(async (store) => {
      await store.commit({ puts: [put("runs", "1", 0), put("asks", "1", 0), put("runs", "2", 0)] });
      const before = await Promise.all([store.get("runs", "1"), store.get("asks", "1"), store.get("runs", "2")]);
      const ordinals = before.map((stored) => stored?.ordinal ?? 0);
      expectEqual(
        ordinals,
        ordinals.toSorted((a, b) => a - b),
        "The ordinals",
      );
      expectEqual(new Set(ordinals).size, 3, "The number of ordinals");
      await store.commit({ deletes: [{ collection: "runs", id: "2" }] });
      await store.commit({ puts: [put("runs", "2", 0)] });
      const again = (await store.get("runs", "2"))?.ordinal ?? 0;
      expectEqual(again > Math.max(...ordinals), true, "A new ordinal for a record that comes again");
    }),
  },
  {
    clause: "store.list",
    title: "a list goes newest or oldest first, page by page, without losing or repeating a record",
    run: withStore(async (store) => {
      const ids = Array.from({ length: 7 }, (_, index) => `${index + 1}`);
      for (const id of ids) await store.commit({ puts: [put("runs", id, 0), put("asks", id, 0)] });
      await store.commit({ puts: [put("runs", "2", 1)] });
      expectEqual(await pagesOf(store, "runs", { limit: 3 }), [["7", "6", "5"], ["4", "3", "2"], ["1"]], "Newest first");
      expectEqual(await pagesOf(store, "runs", { order: "asc", limit: 3 }), [["1", "2", "3"], ["4", "5", "6"], ["7"]], "Oldest first");
      expectEqual(await pagesOf(store, "runs", { limit: 7 }), [ids.toReversed()], "A page of exactly all");
      expectEqual(await store.list("nobody", { limit: 1 }), { items: [], more: false }, "An unknown collection");
    }),
  },
  {
    clause: "store.list",
    title: "a cursor stays valid while records before it go and new ones come",
    run: withStore(async (store) => {
      for (const id of ["1", "2", "3", "4", "5"]) await store.commit({ puts: [put("runs", id, 0)] });
      const first = await store.list("runs", { limit: 2 });
      await store.commit({
        puts: [put("runs", "6", 0)],
        deletes: [
          { collection: "runs", id: "4" },
          { collection: "runs", id: "3" },
        ],
      });
      const second = await store.list("runs", { limit: 2, after: first.items.at(-1)?.ordinal ?? 0 });
      expectEqual(
        second.items.map(({ id }) => id),
        ["2", "1"],
        "The second page",
      );
    }),
  },
  {
    clause: "store.where",
    title: "where keeps the records whose top-level texts match all conditions",
    run: withStore(async (store) => {
      const statuses = ["queued", "running", "completed", "running", "queued", "completed", "running"];
      const puts = statuses.map((status, index) =>
        put("runs", `${index + 1}`, 0, { status, origin: index % 2 ? "job" : "request", parent_id: "1" }),
      );
      await store.commit({
        puts: [...puts, put("runs", "8", 0, { status: 5, nested: { status: "queued" } }), put("runs", "9", 0, { status: null })],
      });
      await store.commit({ puts: [put("runs", "1", 1, { status: "failed", origin: "request" })] });
      const find = (where: ListQuery["where"] = {}): Promise<string[][]> => pagesOf(store, "runs", { limit: 2, where });
      expectEqual(await find({ status: ["running"] }), [["7", "4"], ["2"]], "One status");
      expectEqual(
        await find({ status: ["running", "queued", "running"] }),
        [
          ["7", "5"],
          ["4", "2"],
        ],
        "Two statuses",
      );
      expectEqual(await find({ status: ["running", "completed"], origin: ["job"] }), [["6", "4"], ["2"]], "Two fields");
      expectEqual(await find({ parent_id: ["1"], status: ["completed"] }), [["6", "3"]], "Two fields with an order of their own");
      expectEqual(
        [await find({ status: [] }), await find({ status: ["5"] }), await find({ nobody: ["x"] })],
        [[[]], [[]], [[]]],
        "What matches nothing",
      );
      expectEqual(await find({ status: ["failed"] }), [["1"]], "A changed status");
    }),
  },
  {
    clause: "store.count",
    title: "a count says how many records have which text",
    run: withStore(async (store) => {
      const records = [{ status: "queued" }, { status: "running" }, { status: "queued" }, { status: 5 }, {}];
      await store.commit({ puts: records.map((record, index) => put("runs", `${index}`, 0, record)) });
      await store.commit({ puts: [put("asks", "1", 0, { status: "queued" }), put("runs", "1", 1, { status: "completed" })] });
      expectEqual(await store.count("runs", "status"), { queued: 2, completed: 1 }, "The counts");
      expectEqual(await store.count("nobody", "status"), {}, "The counts of an unknown collection");
    }),
  },
];

function put(collection: string, id: string, expectedRevision: number, record: object = {}): Put {
  return { collection, id, record, expectedRevision };
}

async function idsOf(store: Store, collection: string): Promise<string[]> {
  return (await store.list(collection, { limit: 100 })).items.map(({ id }) => id);
}

/** The ids of all pages, following `more`. */
async function pagesOf(store: Store, collection: string, query: ListQuery): Promise<string[][]> {
  const pages: string[][] = [];
  for (let after: number | undefined; ; ) {
    const page = await store.list(collection, { ...query, ...(after !== undefined && { after }) });
    pages.push(page.items.map(({ id }) => id));
    after = page.items.at(-1)?.ordinal;
    if (!page.more || after === undefined) return pages;
    if (pages.length > 100) throw new Error("A list must end, it has more than 100 pages.");
  }
}
