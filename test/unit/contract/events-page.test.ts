import { expect, it } from "vitest";
import { openTestMesh } from "../../support/mesh.js";

it("A page of the feed has all of the tail that was asked for, up to a thousand; a limit says how many from its beginning", async () => {
  const { call, peer } = await openTestMesh();
  const { peer_id } = await peer("worker");
  for (let n = 0; n < 1_100; n += 1) await call("peers.update", { id: peer_id, description: `${n}` });
  const { last_seq: last } = await call("events.list", { tail: 0 });
  const page = async (input: object) => {
    const { events, next_after } = await call("events.list", input);
    return [events.length, events[0]?.seq, next_after];
  };
  expect(await page({ tail: 0 })).toEqual([0, undefined, last]);
  expect(await page({ tail: 20 })).toEqual([20, last - 19, last]);
  expect(await page({ tail: 200 })).toEqual([200, last - 199, last]);
  expect(await page({ tail: 200, limit: 30 })).toEqual([30, last - 199, last - 170]);
  expect(await page({ tail: 1_050 })).toEqual([1_000, last - 1_049, last - 50]);
  expect(await page({})).toEqual([100, 1, 100]);
});
