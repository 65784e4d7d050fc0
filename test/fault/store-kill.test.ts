import { afterAll, beforeAll, describe, it } from "vitest";
import { temporaryFolder } from "../support/sqlite.js";
import { programs } from "./support/store-process.js";
import type { Random } from "./support/store-random.js";
import { finds, holds } from "./support/trials.js";
import { verifyStore } from "./support/store-verify.js";
import { Workload } from "./support/store-workload.js";

const killsOfALife = 5;
const storesAtOnce = 4;
const { write, writeAll, remove } = programs();
// One that ends in order keeps what it compiled, for all that will not.
beforeAll(async () => {
  const folder = temporaryFolder();
  await write({ path: folder.file("store.db"), seed: 0, inFlight: 1, steps: [1] });
  folder.remove();
});
afterAll(remove);

/** Stores whose process is killed in the middle of its work, again and again, each time after some acknowledgements. */
async function life(random: Random, bug?: string): Promise<readonly string[]> {
  const folder = temporaryFolder();
  const stores = Array.from({ length: storesAtOnce }, (_, index) => {
    const seed = random.int(2 ** 31);
    return { path: folder.file(`store-${index}.db`), to: folder.file(`said-${index}`), seed, workload: new Workload(seed) };
  });
  try {
    for (let kill = 0; kill < killsOfALife; kill += 1) {
      const inFlight = random.pick([1, 4, 16]);
      // The first one is watched; where the others are by then is anybody's guess.
      const plans = stores.map(({ path, to, seed }, index) => ({ path, seed, inFlight, steps: [0], bug, ...(index > 0 && { to }) }));
      let acksLeft = random.between(0, 40);
      const written = await writeAll(plans, { watch: (_, child) => void (acksLeft-- <= 0 && child.kill("SIGKILL")) });
      const violations = stores.flatMap(({ path, workload }, index) => {
        const { acknowledged: seen = 0, end } = written[index] ?? {};
        const acknowledged = Math.max(seen, workload.op);
        const found = verifyStore(path, { workload, acknowledged, issued: acknowledged + inFlight });
        return end === "SIGKILL" ? found : [...found, `the writer ended with ${end}`];
      });
      if (violations.length > 0) return violations;
    }
    return [];
  } finally {
    folder.remove();
  }
}

describe("a store whose process is killed", () => {
  it("has what it acknowledged, nothing that was not asked for, each operation whole, and goes on from there", async () => {
    await holds({ promise: "R1, R3 kill -9 of the store", short: 200, long: 10_000, each: killsOfALife * storesAtOnce }, (random) =>
      life(random),
    );
  });

  it.each([
    ["acknowledges before COMMIT", /was acknowledged, the store has come to/],
    ["writes record and event in two transactions", /events are stored, not the/],
    ["renumbers on reopen", /events are stored, not the/],
  ])("is seen to be wrong when it %s", async (bug, violation) => {
    await finds(bug, { within: 20 }, async (random) => (await life(random, bug)).filter((found) => violation.test(found)));
  });
});
