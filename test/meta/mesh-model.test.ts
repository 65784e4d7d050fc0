import { describe, it } from "vitest";
import { runMeshModel } from "../fault/support/mesh-model.js";
import { expectCaught } from "../support/mutants/caught.js";
import { wrongMeshes } from "../support/mutants/meshes.js";

describe("the mesh against its model", () => {
  it.each(Object.entries(wrongMeshes))("is caught when it %s", async (name, { plant, wrap, complaint }) => {
    const remove = plant?.() ?? (() => {});
    const proof = async (): Promise<void> => {
      for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
        const { violations } = await runMeshModel({ seed, steps: 1_000, ...(wrap && { wrap }) });
        if (violations.length > 0) throw new Error(violations.join("\n"));
      }
    };
    try {
      await expectCaught(name, proof, complaint);
    } finally {
      remove();
    }
  });
});
