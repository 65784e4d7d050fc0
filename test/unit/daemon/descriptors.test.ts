import { describe, expect, it } from "vitest";
import { capacityOf, descriptorLimit, fitted } from "../../../adapters/daemon/descriptors.js";

const own = 128;

describe("what a daemon takes on at once", () => {
  it("is what the configuration says where there are descriptors enough, or nobody knows how many", () => {
    const all = { concurrency: 8, childConcurrency: 16, connections: 512, webSockets: 1_100 };
    for (const descriptors of [undefined, 4_096, 1_048_576]) expect(capacityOf({}, descriptors)).toEqual(all);
    const config = { daemon: { concurrency: 20 } };
    expect(fitted(config, 4_096, 2)).toBe(config);
  });

  it("is that of 256 descriptors what these carry", () => {
    expect(capacityOf({}, 256)).toEqual({ concurrency: 8, childConcurrency: 8, connections: 36, webSockets: 24 });
    expect(fitted({ daemon: { limits: { streams: 7 } } }, 256, 2)).toEqual({
      daemon: { concurrency: 8, child_concurrency: 8, limits: { streams: 7, connections: 36, webSockets: 24 } },
    });
  });

  it("needs no more than there are, whatever is asked for, and is never nothing", () => {
    const wrong: object[] = [];
    for (let descriptors = 16; descriptors < 6_000; descriptors += 7) {
      for (const doors of [1, 2, 3]) {
        for (const concurrency of [1, 8, 100, 5_000]) {
          const { connections, webSockets, ...runs } = capacityOf({ daemon: { concurrency } }, descriptors, doors);
          const needed = own + doors * connections + webSockets + 4 * runs.concurrency;
          const least = own + doors * 16 + 1 + 4;
          const isWithin = needed <= Math.max(descriptors, least) && runs.concurrency <= concurrency;
          if (!isWithin || runs.concurrency < 1 || connections < 16) wrong.push({ descriptors, doors, concurrency, connections, runs });
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("never raises a bound of the configuration", () => {
    const config = { daemon: { concurrency: 2, child_concurrency: 1, limits: { connections: 3, webSockets: 5 } } };
    for (const descriptors of [20, 150, 256, 1_024, 100_000]) {
      const { concurrency, childConcurrency, connections, webSockets } = capacityOf(config, descriptors);
      expect([concurrency <= 2, childConcurrency <= 1, connections <= 3, webSockets <= 5]).toEqual([true, true, true, true]);
    }
  });

  it.skipIf(process.platform !== "linux")("goes by what the system says of a process, and by nothing where there is none", () => {
    expect(descriptorLimit()).toBeGreaterThan(0);
    expect(descriptorLimit(2 ** 30)).toBeUndefined();
  });
});
