import { expect, it } from "vitest";
import { createProcessStatus } from "../../../adapters/daemon/status.js";
import type { ContainmentReport } from "../../../lib/node/index.js";

const missing = { available: false, why: "it is a test" } as const;
const report: ContainmentReport = {
  level: "group",
  levels: { group: { available: true }, "group+cookie": missing, pidns: missing, cgroup: missing },
};

it("waits for the containment only when all is asked for, and leaves out what is not known", async () => {
  const status = createProcessStatus({
    instance: "i",
    storeId: "s",
    startedAt: "2026-01-01T00:00:00.000Z",
    addresses: () => ["unix:/a"],
    isRemote: false,
    containment: async (extent) => (extent === "all" ? report : undefined),
    logBytes: () => 0,
  });
  expect(await status.read("all")).toMatchObject({ instance: "i", containment: { level: "group", available: ["group"] } });
  expect(await status.read("known")).not.toHaveProperty("containment");
  status.close();
});
