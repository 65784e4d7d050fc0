import { describe, expect, it } from "vitest";
import { runMeshModel } from "./support/mesh-model.js";

const steps = Number(process.env["ANODE_TEST_STEPS"] ?? (process.env["ANODE_TEST_LONG"] === "1" ? 400_000 : 4_000));
const seed = Number(process.env["ANODE_TEST_SEED"] ?? Date.now() % 1_000_000);

describe("Mesh against its model", () => {
  it("keeps every rule of peers, asks and messages under random operations, a slow and a full store, and restarts", async () => {
    const report = await runMeshModel({ seed, steps });
    const { asks, closed, messages, restarts, violations } = report;
    console.log(
      `${steps} steps, ${asks} asks (${closed} closed), ${messages} messages, ${restarts} restarts, ${violations.length} violations, seed ${seed}`,
    );
    expect(violations.slice(0, 3), `seed ${seed}`).toEqual([]);
    expect(closed).toBeGreaterThan(steps / 60);
  });
});
