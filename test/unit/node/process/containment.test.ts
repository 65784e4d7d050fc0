import { describe, expect, it } from "vitest";
import { createContainment } from "../../../../lib/node/process/containment.js";
import { createProcessExecutor } from "../../../../lib/node/process/process-executor.js";
import type { NormalRequest } from "../../../../lib/runs/normal-request.js";
import { createTestHost } from "../../../../lib/testing/test-host.js";

describe("createContainment", () => {
  it.each(["", "a.b", "a/b", "../x", "é", "x".repeat(65)])("refuses the store id %j", (storeId) => {
    expect(() => createContainment({ storeId })).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });

  it("hides nothing at a level that cannot, and says so", async () => {
    const containment = createContainment({ storeId: "unit" });
    const hide = { home: "/nowhere", sockets: [] };
    await expect(containment.level("group", hide)).rejects.toMatchObject({ code: "containment_unavailable", details: { level: "group" } });
    expect((await containment.level("group")).name).toBe("group");
  });
});

describe("createProcessExecutor", () => {
  const executor = createProcessExecutor({ host: createTestHost(), level: "group" });
  const request: NormalRequest = { prompt: "x", profile: "craft", approval_mode: "ask", key: "k", priority: 0 };

  it("takes no shell unless it was allowed", async () => {
    await expect(executor.prepare?.({ ...request, shell: "ls" }, {})).rejects.toMatchObject({ code: "argv_not_allowed" });
    const allowing = createProcessExecutor({ host: createTestHost(), level: "group", shell: true });
    expect(await allowing.prepare?.({ ...request, shell: "ls" }, {})).toMatchObject({ request: { shell: "ls" } });
  });

  it("takes follow-ups only where the command reads them", async () => {
    const prepared = async (template: object) =>
      (await executor.prepare?.({ ...request, template: { argv: ["cat"], ...template } }, {}))?.supports.queue;
    expect([await prepared({}), await prepared({ input: true })]).toEqual([false, true]);
  });

  it("refuses a limit of the wrong form", () => {
    expect(() => createProcessExecutor({ host: createTestHost(), limits: { flushMs: -1 } })).toThrow("limits.flushMs");
  });
});
