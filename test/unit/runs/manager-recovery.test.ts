import { describe, expect, it, onTestFinished } from "vitest";
import { functionExecutor } from "../../../lib/runs/function-executor.js";
import { RunManager } from "../../../lib/runs/manager.js";
import type { RecordedProcess } from "../../../lib/runs/options.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import type { Store } from "../../../lib/store/store.js";
import { eventsOf, until, untilAborted } from "../../support/manager.js";
import { processStarted } from "../../support/event-payloads.js";

/** A manager that is left as a crash would leave it: nothing of it is closed before the test ends. */
async function crashedManager(store: Store, prepare: (manager: RunManager) => Promise<void>): Promise<void> {
  const asking = functionExecutor(async ({ ask, emit }) => {
    await emit("process.started", processStarted);
    await ask({ kind: "choice", scope: "tool_permission", prompt: "May I?" });
  });
  const manager = new RunManager({
    store: { ...store, close: async () => {} },
    executors: { main: untilAborted, asking },
    profiles: { craft: { executor: "main" }, asking: { executor: "asking" } },
    concurrency: 2,
  });
  await manager.open();
  await prepare(manager);
  // From now on it is dead: whatever it still does fails.
  store.commit = () => new Promise(() => {});
}

describe("RunManager.open after a crash", () => {
  it("interrupts what was active with its reason, denies its questions, and admits the queue again in order", async () => {
    const real = createMemoryStore();
    const first = { ...real };
    const ids: string[] = [];
    await crashedManager(first, async (manager) => {
      for (const request of [{ prompt: "running" }, { prompt: "asking", profile: "asking" }, { prompt: "third" }, { prompt: "fourth" }]) {
        ids.push((await manager.start(request)).id);
      }
      await until(async () => (await manager.get(ids[1] ?? "")).status === "waiting");
    });

    const swept: RecordedProcess[] = [];
    const started: string[] = [];
    const executor = functionExecutor(({ request }) => void started.push(request.prompt));
    const manager = new RunManager({
      store: real,
      executors: { main: executor, asking: executor },
      profiles: { craft: { executor: "main" } },
      concurrency: 1,
      leftovers: async (recorded) => void swept.push(...recorded),
    });
    onTestFinished(() => manager.close());
    await manager.open();
    expect(swept).toEqual([{ run_id: ids[1], pid: 42, start_ticks: 7, boot_id: "b" }]);
    for (const id of ids.slice(0, 2)) {
      expect(await manager.get(id)).toMatchObject({ status: "interrupted", stop_reason: "crash", error_code: "daemon_restart" });
      const seqs = (await eventsOf(manager, id)).map((event) => event.seq);
      expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    }
    const asked = (await eventsOf(manager, ids[1] ?? "")).slice(-2);
    expect(asked.map((event) => [event.type, event.payload["decision"] ?? "", event.payload["reason"] ?? ""])).toEqual([
      ["question.closed", "deny", "restart"],
      ["run.interrupted", "", ""],
    ]);
    expect((await manager.questions({ status: "open" })).questions).toEqual([]);
    expect((await manager.wait(ids[3] ?? "")).status).toBe("completed");
    expect(started).toEqual(["third", "fourth"]);
    const next = await manager.start({ prompt: "new" });
    expect(next.id > (ids[3] ?? "")).toBe(true);
    expect((await manager.list()).runs.map((run) => run.prompt)).toEqual(["new", "fourth", "third", "asking", "running"]);
  });

  it("ends a queued run whose environment was not kept", async () => {
    const real = createMemoryStore();
    let id = "";
    await crashedManager({ ...real }, async () => {});
    const before = new RunManager({ store: { ...real, close: async () => {} }, executors: { process: untilAborted }, paused: true });
    await before.open();
    id = (await before.start({ argv: ["true"], env: { SECRET: "s3cr3t" }, stdin: "hidden" })).id;
    const manager = new RunManager({ store: real, executors: { process: functionExecutor(() => "ran") } });
    onTestFinished(() => manager.close());
    await manager.open();
    expect(await manager.wait(id)).toMatchObject({ status: "interrupted", stop_reason: "crash" });
    const text = JSON.stringify(await eventsOf(manager, id));
    expect(text).toContain('"env_names":["SECRET"]');
    expect(text).not.toMatch(/s3cr3t|hidden/);
  });
});
