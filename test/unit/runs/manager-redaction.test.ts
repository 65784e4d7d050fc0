import { describe, expect, it } from "vitest";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { RunManager } from "../../../lib/runs/manager.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Batch, Store } from "../../../lib/store/store.js";
import { openManager, until } from "../../support/manager.js";

const secret = "hunter22";

/** Takes the one secret out, and leaves alone what has none. */
function redact(value: object): object {
  const text = JSON.stringify(value);
  return text.includes(secret) ? (JSON.parse(text.replaceAll(secret, "[redacted:x]")) as object) : value;
}

/** A store that notes all that is written to it. */
function notingStore(): { store: Store; written: () => string } {
  const store = createMemoryStore();
  const batches: Batch[] = [];
  return {
    store: { ...store, commit: (batch) => (batches.push(batch), store.commit(batch)) },
    written: () => JSON.stringify(batches),
  };
}

describe("redact", () => {
  it("takes secrets out of all that is kept of a run, and leaves what its executor works with as it was said", async () => {
    const { store, written } = notingStore();
    const heard: unknown[] = [];
    const asking = functionExecutor(
      async ({ ask, emit, input, request }) => {
        heard.push(request.prompt, request.metadata);
        await emit("assistant.message", { message_id: "m", text: `it is ${secret}` });
        const tool = { call_id: "c", name: "bash", level: "confirm_execute", args: { command: `login ${secret}` } };
        heard.push((await ask({ kind: "choice", scope: "tool_permission", prompt: `Run login ${secret}?`, tool })).message);
        heard.push((await ask({ kind: "text", scope: "user_question", prompt: "Key?" })).text);
        heard.push((await input.next())?.text);
      },
      { queue: true },
    );
    const manager = await openManager(asking, { store, redact });
    const { id } = await manager.start({ prompt: `use ${secret}`, run_label: secret, metadata: { key: secret } });
    expect((await manager.get(id)).prompt).toBe("use [redacted:x]");
    await manager.input(id, { text: `more ${secret}` });
    const answerNext = async (given: object): Promise<void> => {
      await until(async () => (await manager.questions({ status: "open" })).questions.length === 1);
      const [question] = (await manager.questions({ status: "open" })).questions;
      await manager.answer(id, question?.question_id ?? "", { digest: question?.digest ?? "", ...given });
    };
    await answerNext({ option_id: "deny", message: `no ${secret}` });
    await answerNext({ text: `key ${secret}` });
    expect((await manager.wait(id)).status).toBe("completed");
    expect(heard).toEqual([`use ${secret}`, { key: secret }, `no ${secret}`, `key ${secret}`, `more ${secret}`]);
    expect(written()).toContain("[redacted:x]");
    expect(written()).not.toContain(secret);
  });

  it("lets no run start from what was left of its request when the process is another", async () => {
    const store = createMemoryStore();
    const kept = { ...store, close: async () => {} };
    const first = new RunManager({
      store: kept,
      redact,
      executors: { main: functionExecutor(() => {}) },
      profiles: { craft: { executor: "main" } },
      paused: true,
    });
    await first.open();
    const [open, closed] = [await first.start({ prompt: "plain" }), await first.start({ prompt: `use ${secret}` })];
    // As a crash leaves it.
    kept.commit = () => new Promise(() => {});
    const started: string[] = [];
    const second = await openManager(
      functionExecutor(({ request }) => void started.push(request.prompt)),
      { store, redact },
    );
    expect((await second.wait(open.id)).status).toBe("completed");
    expect(await second.get(closed.id)).toMatchObject({ status: "interrupted", error_code: "daemon_restart" });
    expect(started).toEqual(["plain"]);
  });
});
