import { encodeLine } from "../events/encode.js";
import { expectEqual, expectRejection, expectTrue } from "./expect.js";
import { appendOf, eventOf, eventsOf, linesOf, type StoreSubject, seqsOf, withStore } from "./store-subject.js";
import type { SuiteCase } from "./suite.js";

const large = 1 << 20;
const hostile = [
  "\u0000\u0001\u001f\u007f",
  "\u2028\u2029\u0085",
  "line\nfeed\r\n\ttab",
  '"\\/',
  "\u{1f600}é漢字",
  "\ufeff\uffff",
  "\ud800 alone",
  "__proto__",
];

/** The store's promises about streams. */
export const streamCases: readonly SuiteCase<StoreSubject>[] = [
  {
    clause: "store.read",
    title: "a stream that nobody wrote to reads as empty",
    run: withStore(async (store) => {
      const page = await store.read("nobody", 0, large);
      expectEqual({ ...page, lines: page.lines.length }, { lines: 0, fromSeq: 0, toSeq: 0, firstSeq: 0, lastSeq: 0 }, "The page");
    }),
  },
  {
    clause: "store.lines",
    title: "the lines read are byte for byte those that were appended, whatever text is in them",
    run: withStore(async (store) => {
      const events = hostile.map((text, index) => eventOf(index + 1, text));
      await store.commit({ appends: [{ stream: "run:1", expectedSeq: 0, events }] });
      const page = await store.read("run:1", 0, large);
      expectEqual(linesOf(page), events.map(encodeLine), "The lines");
      expectEqual(eventsOf(page)[6]?.payload["text"], "\ufffd alone", "A lone surrogate");
    }),
  },
  {
    clause: "store.seq",
    title: "a stream grows by one seq after the other, over any number of commits",
    run: withStore(async (store) => {
      for (const [after, count] of [
        [0, 1],
        [1, 3],
        [4, 2],
      ] as const)
        await store.commit({ appends: [appendOf("run:1", after, count)] });
      await store.commit({ appends: [appendOf("run:1", 6, 2), appendOf("run:1", 8, 1), appendOf("run:2", 0, 1)] });
      expectEqual(await seqsOf(store, "run:1"), [1, 2, 3, 4, 5, 6, 7, 8, 9], "The seqs");
      expectEqual(await seqsOf(store, "run:2"), [1], "The other stream's seqs");
    }),
  },
  {
    clause: "store.seq",
    title: "an append with a hole, or without events, is refused and leaves nothing",
    run: withStore(async (store) => {
      const holes = [[eventOf(2)], [eventOf(1), eventOf(3)], [eventOf(1), eventOf(1)], []];
      for (const events of holes) {
        const commit = store.commit({ appends: [appendOf("run:2", 0), { stream: "run:1", expectedSeq: 0, events }] });
        await expectRejection(commit, "internal", "A hole");
      }
      expectEqual([await seqsOf(store, "run:1"), await seqsOf(store, "run:2")], [[], []], "The seqs");
    }),
  },
  {
    clause: "store.stale",
    title: "a stale seq refuses the whole batch and leaves nothing of it",
    run: withStore(async (store) => {
      await store.commit({ appends: [appendOf("run:1", 0, 3)] });
      for (const expectedSeq of [0, 2, 4]) {
        const put = { collection: "runs", id: "1", record: {}, expectedRevision: 0 };
        const commit = store.commit({ appends: [appendOf("run:2", 0), appendOf("run:1", expectedSeq)], puts: [put] });
        await expectRejection(commit, "stale_commit", `Expecting seq ${expectedSeq} of a stream at 3`);
      }
      expectEqual(await seqsOf(store, "run:1"), [1, 2, 3], "The stream");
      expectEqual(await seqsOf(store, "run:2"), [], "The other stream of the batch");
      expectEqual(await store.get("runs", "1"), undefined, "The record of the batch");
      await store.commit({ appends: [appendOf("run:1", 3), appendOf("run:2", 0)] });
    }),
  },
  {
    clause: "store.cursor",
    title: "a page begins right after the cursor, wherever the batches begin",
    run: withStore(async (store) => {
      await store.commit({ appends: [appendOf("run:1", 0, 3)] });
      await store.commit({ appends: [appendOf("run:1", 3, 4)] });
      for (let after = 0; after <= 8; after += 1) {
        const page = await store.read("run:1", after, large);
        const seqs = [1, 2, 3, 4, 5, 6, 7].filter((seq) => seq > after);
        expectEqual(
          eventsOf(page).map(({ seq }) => seq),
          seqs,
          `The seqs after ${after}`,
        );
        expectEqual([page.fromSeq, page.toSeq], [seqs[0] ?? 0, seqs.at(-1) ?? 0], `The range after ${after}`);
        expectEqual([page.firstSeq, page.lastSeq], [1, 7], "The range held");
      }
    }),
  },
  {
    clause: "store.lines",
    title: "the memory of the lines is the caller's: whoever changes it changes nothing that is stored, and no other page",
    run: withStore(async (store) => {
      await store.commit({ appends: [appendOf("run:1", 0, 3)] });
      await store.commit({ appends: [appendOf("run:1", 3, 4)] });
      for (const after of [0, 3, 5]) {
        const [mine, other] = await Promise.all([store.read("run:1", after, large), store.read("run:1", after, large)]);
        const before = linesOf(other);
        new Uint8Array(mine.lines.buffer).fill(0);
        expectEqual(linesOf(other), before, "A page that was read at the same time");
        expectEqual(linesOf(await store.read("run:1", after, large)), before, "A page that is read afterwards");
      }
    }),
  },
  {
    clause: "store.paging",
    title: "a page ends with the event that reaches limitBytes, and has at least one",
    run: withStore(async (store) => {
      await store.commit({ appends: [appendOf("run:1", 0, 5, "é".repeat(50))] });
      await store.commit({ appends: [appendOf("run:1", 5, 5, "é".repeat(50))] });
      const lineBytes = new TextEncoder().encode(`${encodeLine(eventOf(1, "é".repeat(50)))}\n`).length;
      for (const [limitBytes, count] of [
        [0, 1],
        [1, 1],
        [lineBytes, 1],
        [lineBytes + 1, 2],
        [lineBytes * 4, 4],
        [lineBytes * 4 + 1, 5],
      ] as const) {
        const page = await store.read("run:1", 0, limitBytes);
        expectEqual([linesOf(page).length, page.toSeq], [count, count], `Events within ${limitBytes} bytes`);
        expectEqual(await seqsOf(store, "run:1", 3, limitBytes), [4, 5, 6, 7, 8, 9, 10], `All pages of ${limitBytes} bytes after 3`);
      }
    }),
  },
  {
    clause: "store.drop",
    title: "a dropped stream is unknown, and its seq begins again at 1",
    run: withStore(async (store) => {
      await store.commit({ appends: [appendOf("run:1", 0, 3), appendOf("run:2", 0, 2)] });
      await store.commit({ drops: ["run:1", "nobody"] });
      expectEqual((await store.read("run:1", 0, large)).lastSeq, 0, "The last seq of a dropped stream");
      await expectRejection(store.commit({ appends: [appendOf("run:1", 3)] }), "stale_commit", "Going on after the drop");
      await store.commit({ appends: [appendOf("run:1", 0, 1, "new")] });
      expectEqual(
        eventsOf(await store.read("run:1", 0, large)).map(({ payload }) => payload["text"]),
        ["new"],
        "The new stream",
      );
      expectEqual(await seqsOf(store, "run:2"), [1, 2], "The other stream");
      await store.commit({ appends: [appendOf("run:2", 2)], drops: ["run:2"] });
      expectEqual(await seqsOf(store, "run:2"), [], "A stream appended to and dropped in one batch");
    }),
  },
  {
    clause: "store.trim",
    title: "beyond streamEvents the oldest go, in whole pieces, and firstSeq says so",
    run: withStore(
      async (store) => {
        for (let batch = 0; batch < 6; batch += 1) await store.commit({ appends: [appendOf("run:1", batch * 3, 3)] });
        const page = await store.read("run:1", 0, large);
        const seqs = await seqsOf(store, "run:1");
        expectTrue(seqs.length >= 6 && seqs.length <= 10, `From 6 to 10 events must be held, there are ${seqs.length}.`);
        const first = 19 - seqs.length;
        expectEqual([page.firstSeq, page.fromSeq, page.lastSeq], [first, first, 18], "The range held");
        expectEqual(
          seqs,
          seqs.map((_, index) => first + index),
          "The seqs",
        );
        await store.commit({ appends: [appendOf("run:1", 18, 30)] });
        expectEqual((await seqsOf(store, "run:1")).at(-1), 48, "The newest event of a batch larger than the limit");
      },
      { streamEvents: 10 },
    ),
  },
  {
    clause: "store.trims",
    title: "what is trimmed goes in whole pieces, nothing behind it does, and the newest event always stays",
    run: withStore(
      async (store, instance) => {
        for (let batch = 0; batch < 10; batch += 1)
          await store.commit({ appends: [appendOf("feed", batch * 3, 3), appendOf("other", batch * 3, 3)] });
        await store.commit({
          trims: [
            { stream: "feed", upTo: 15 },
            { stream: "nobody", upTo: 9 },
          ],
        });
        const { firstSeq, lastSeq } = await store.read("feed", 0, large);
        expectTrue(firstSeq > 1 && firstSeq <= 16, `From 2 to 16 must be the first seq held, it is ${firstSeq}.`);
        expectEqual(lastSeq, 30, "The last seq");
        expectEqual(
          await seqsOf(store, "feed"),
          Array.from({ length: 31 - firstSeq }, (_, index) => firstSeq + index),
          "The seqs",
        );
        expectEqual((await seqsOf(store, "other")).length, 30, "The events of the other stream");
        await store.commit({ appends: [appendOf("feed", 30)], trims: [{ stream: "feed", upTo: 1_000 }] });
        expectEqual((await seqsOf(store, "feed")).at(-1), 31, "The newest event, although all may go");
        const reopened = (await instance.reopen?.()) ?? store;
        await reopened.commit({ appends: [appendOf("feed", 31)] });
        expectEqual((await seqsOf(reopened, "feed")).at(-1), 32, "The event behind it");
      },
      { streamEvents: 40 },
    ),
  },
  {
    clause: "store.trim",
    title: "beyond streamBytes the oldest go, in whole pieces",
    run: withStore(
      async (store) => {
        for (let batch = 0; batch < 40; batch += 1) await store.commit({ appends: [appendOf("run:1", batch * 2, 2, "x".repeat(2000))] });
        const { lines, firstSeq, fromSeq, lastSeq } = await store.read("run:1", 0, large);
        expectTrue(lines.length <= 52_000 && lines.length >= 30_000, `About 50,000 bytes must be held, there are ${lines.length}.`);
        expectEqual([fromSeq, lastSeq], [firstSeq, 80], "The range held");
      },
      { streamBytes: 50_000 },
    ),
  },
];
