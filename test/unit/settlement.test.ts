import { describe, expect, it } from "vitest";
import { Settlement } from "../../lib/settlement.js";

describe("Settlement", () => {
  it("gives its value to who asks before it and to who asks after it", async () => {
    const settlement = new Settlement<number>();
    const before = settlement.promise;
    settlement.resolve(1);
    expect([await before, await settlement.promise]).toEqual([1, 1]);
  });

  it("gives its rejection the same way", async () => {
    const settlement = new Settlement<number>();
    const before = settlement.promise;
    settlement.reject(new Error("no"));
    await expect(before).rejects.toThrow("no");
    await expect(settlement.promise).rejects.toThrow("no");
  });

  it("settles once: the first one counts", async () => {
    const settlement = new Settlement<number>();
    settlement.resolve(1);
    settlement.reject(new Error("no"));
    settlement.resolve(2);
    expect(await settlement.promise).toBe(1);
  });

  it("disturbs nobody with a rejection that nobody looks at", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    const asked = new Settlement<number>();
    void asked.promise;
    for (const settlement of [asked, new Settlement<number>()]) settlement.reject(new Error("no"));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});
