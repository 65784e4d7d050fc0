import { describe, expect, it } from "vitest";
import { isAnodeError } from "../../lib/errors.js";
import { functionExecutor } from "../../lib/runs/function-executor.js";
import { openManager } from "../support/manager.js";
import { randomOf, trials } from "./support/trials.js";

const lanes = 8;
const queue = 200;

/** Starts many times more than there is room for, some of them canceled; answers what was wrong. */
async function overload(times: number, random: () => number, concurrency = lanes): Promise<string[]> {
  const wrong: string[] = [];
  let running = 0;
  let most = 0;
  const begun: string[] = [];
  const executor = functionExecutor(async ({ run }) => {
    begun.push(run.id);
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  });
  const manager = await openManager(executor, { concurrency, queueLimit: queue, limits: { keptRunsInMemory: 100_000 } });
  const accepted: string[] = [];
  const canceled = new Set<string>();
  let refused = 0;
  const all = (lanes + queue) * times;
  for (let sent = 0; sent < all; ) {
    const wave = Array.from({ length: Math.min(all - sent, 2 * (lanes + queue)) }, async () => {
      try {
        const { id } = await manager.start({ prompt: "x" });
        accepted.push(id);
        if (random() < 0.05) {
          await manager.cancel(id).then(
            () => canceled.add(id),
            () => {},
          );
        }
      } catch (error) {
        refused += 1;
        if (!isAnodeError(error) || error.code !== "queue_full" || error.retryAfterSeconds === undefined) wrong.push(String(error));
      }
    });
    await Promise.all(wave);
    sent += wave.length;
  }
  const ended = await Promise.all(accepted.map((id) => manager.wait(id)));
  for (const { id, status } of ended) {
    if (status !== (canceled.has(id) ? "canceled" : "completed")) wrong.push(`${id} ended ${status}`);
  }
  if (accepted.length + refused !== all) wrong.push(`${accepted.length} accepted and ${refused} refused of ${all}`);
  if (refused === 0) wrong.push("nothing was refused");
  if (most > lanes) wrong.push(`${most} at once`);
  if (new Set(begun).size !== begun.length) wrong.push("one began twice");
  const order = accepted.filter((id) => begun.includes(id));
  if (JSON.stringify(order) !== JSON.stringify(begun)) wrong.push("begun in another order than accepted");
  return wrong;
}

describe("starts beyond the capacity", () => {
  it.for(trials(1, 2) === 1 ? [10] : [10, 100])(
    "at %i times of it: the lanes and the queue hold, the order too, and each accepted one ends",
    async (times) => {
      const { random } = randomOf("overload");
      expect(await overload(times, random)).toEqual([]);
    },
  );

  it("would be found to break their bounds where admission lets more in", async () => {
    const { random } = randomOf("too many lanes");
    expect(await overload(3, random, lanes + 1)).toContain(`${lanes + 1} at once`);
  });
});
