import { describe, expect, it } from "vitest";
import { createInputFeed } from "../../../adapters/cli/input-feed.js";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import type { RunContext } from "../../../lib/runs/executor.js";
import { openManager, until } from "../../support/manager.js";

/** Texts that a test hands over one by one. */
function handed() {
  const waiting: (string | undefined)[] = [];
  let wake: (() => void) | undefined;
  const give = (text: string | undefined): void => {
    waiting.push(text);
    wake?.();
  };
  return {
    give: (text: string) => give(text),
    end: () => give(undefined),
    async *[Symbol.asyncIterator](): AsyncGenerator<string> {
      for (;;) {
        while (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        const text = waiting.shift();
        if (text === undefined) return;
        yield text;
      }
    },
  };
}

async function start(work: (context: RunContext) => Promise<void>) {
  const texts = handed();
  const feed = createInputFeed(texts);
  const manager = await openManager(feed.around(functionExecutor(work)));
  manager.on("event", (event) => feed.see(event as Parameters<typeof feed.see>[0]));
  const { id } = await manager.start({ prompt: "x", keep_open: true });
  const fed = feed.run(async (text) => void (await manager.input(id, { text })));
  return { fed, id, manager, texts };
}

describe("createInputFeed", () => {
  it("keeps the run open while more may come, and lets it end when there is no more", async () => {
    const done: string[] = [];
    const { fed, id, manager, texts } = await start(async ({ input }) => {
      for (let task = await input.next(); task; task = await input.next()) {
        await task.delivered();
        done.push(task.text);
      }
    });
    texts.give("one");
    await until(() => done.length === 1);
    texts.give("two");
    await until(() => done.length === 2);
    expect((await manager.get(id)).status).toBe("running");
    texts.end();
    await fed;
    expect(await manager.wait(id)).toMatchObject({ status: "completed" });
    expect(done).toEqual(["one", "two"]);
  });

  it("ends only after everything that was sent, however late it is taken", async () => {
    const done: string[] = [];
    const goOn = Promise.withResolvers<void>();
    const { fed, id, manager, texts } = await start(async ({ input }) => {
      await goOn.promise;
      for (let task = await input.next(); task; task = await input.next()) {
        await task.delivered();
        done.push(task.text);
      }
    });
    for (const text of ["one", "two", "three"]) texts.give(text);
    texts.end();
    await fed;
    goOn.resolve();
    expect((await manager.wait(id)).status).toBe("completed");
    expect(done).toEqual(["one", "two", "three"]);
  });

  it("waits where the run holds as much as it can", async () => {
    const done: string[] = [];
    const goOn = Promise.withResolvers<void>();
    const { fed, id, manager, texts } = await start(async ({ input }) => {
      await goOn.promise;
      for (let task = await input.next(); task; task = await input.next()) {
        await task.delivered();
        done.push(task.text);
      }
    });
    const all = Array.from({ length: 70 }, (_, index) => `t${index}`);
    for (const text of all) texts.give(text);
    texts.end();
    await until(async () => (await manager.inputs(id)).length === 32);
    goOn.resolve();
    await fed;
    expect((await manager.wait(id)).status).toBe("completed");
    expect(done).toEqual(all);
  });
});
