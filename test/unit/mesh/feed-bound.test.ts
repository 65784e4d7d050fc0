import { expect, it } from "vitest";
import { encodeLine } from "../../../lib/events/encode.js";
import { openTestMesh } from "../../support/mesh.js";

it("An event of the feed is cut to its limit, with the original length; the message it tells of is whole", async () => {
  const { peer, call, manager, settle } = await openTestMesh();
  await peer("docs");
  // Six bytes each as JSON.
  const text = "\u0001".repeat(65_536);
  const { delivery_id } = await call("messages.notify", { to_peer: "docs", text });
  const { correlation_id } = await call("asks.ask", { to_peer: "docs", text });
  await call("asks.ack", { correlation_id, message: text });
  await settle();
  const { events } = await (await manager.feed.open()).page(1000);
  const long = events.filter(({ payload }) => "truncated" in payload);
  expect(long.map(({ type, payload }) => [type, payload["truncated"]])).toEqual([
    ["message.sent", { text: 65_536 }],
    ["message.sent", { text: 65_536 }],
    ["ask.opened", { text: 65_536 }],
    ["ask.closed", { reply_text: 65_536 }],
    ["message.sent", { text: 65_536 }],
  ]);
  for (const event of events) expect(encodeLine(event).length).toBeLessThanOrEqual(manager.limits.eventBytes);
  expect(long[0]?.payload).toMatchObject({ delivery_id, to_name: "docs", text: expect.stringMatching(/^\u0001{40000,}$/) });
  expect(await call("messages.get", { delivery_id })).toMatchObject({ text });
});
