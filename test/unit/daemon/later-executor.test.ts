import { describe, expect, it } from "vitest";
import { laterExecutor } from "../../../adapters/daemon/later-executor.js";
import { type Executor, functionExecutor, RunManager } from "../../../lib/index.js";

/** A manager whose one executor is loaded by `load`. */
async function managed(load: () => Promise<Executor>) {
  const manager = new RunManager({
    executors: { late: laterExecutor("late", load) },
    profiles: { work: { executor: "late" } },
    defaultProfile: "work",
  });
  await manager.open();
  return manager;
}

describe("An executor that is loaded later", () => {
  it("is loaded with the first request and once", async () => {
    let loads = 0;
    const manager = await managed(async () => {
      loads += 1;
      return functionExecutor(async ({ request }) => ({ status: "completed", stop_reason: "end_turn", result: request.prompt }));
    });
    expect(loads).toBe(0);
    const runs = await Promise.all([manager.start({ prompt: "one" }), manager.start({ prompt: "two" })]);
    const ended = await Promise.all(runs.map(({ id }) => manager.wait(id)));
    expect(ended.map(({ result }) => result)).toEqual(["one", "two"]);
    expect(loads).toBe(1);
    await manager.close();
  });

  it("refuses by name what the loaded one cannot do", async () => {
    const manager = await managed(async () => functionExecutor(async () => ({ status: "completed", stop_reason: "end_turn" })));
    await expect(manager.start({ prompt: "x", model: "a/b" })).rejects.toMatchObject({ code: "unsupported_option" });
    await manager.close();
  });

  it("is closed when it was loaded, and not loaded to be closed", async () => {
    const seen: string[] = [];
    const load = async (): Promise<Executor> => {
      seen.push("loaded");
      return {
        ...functionExecutor(async () => ({ status: "completed", stop_reason: "end_turn" })),
        close: async () => void seen.push("closed"),
      };
    };
    await (await managed(load)).close();
    expect(seen).toEqual([]);
    const used = await managed(load);
    const { id } = await used.start({ prompt: "x" });
    await used.wait(id);
    await used.close();
    expect(seen).toEqual(["loaded", "closed"]);
  });
});
