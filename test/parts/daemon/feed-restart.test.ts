import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { connect } from "../../../adapters/client/index.js";
import type { RunningDaemon } from "../../../adapters/daemon/index.js";
import type { FeedDraft } from "../../../lib/index.js";
import { daemonHere, daemonPlace } from "../../support/daemon.js";

const say = (daemon: RunningDaemon, count: number, type: string) =>
  daemon.manager.journal.append({ feed: Array.from({ length: count }, () => ({ type, payload: {} }) as FeedDraft) }).committed;

/** All of a daemon's feed behind a cursor, as a client reads it. */
async function read(daemon: RunningDaemon, after?: number) {
  const client = await connect({ socketPath: join(daemon.home.path, "daemon.sock") });
  onTestFinished(() => client.close());
  const events = [];
  for await (const event of client.events({ follow: false, ...(after !== undefined && { after }) })) events.push(event);
  return events;
}

it.each([
  ["has not come as far as", 20, 5],
  ["has gone past", 5, 20],
])("a cursor from a former life that the new feed %s: one gap, then all of the new feed", async (_, before, now) => {
  const place = daemonPlace();
  const first = await daemonHere(place, { store: "memory" });
  await say(first, before, "test.before");
  const cursor = (await read(first)).at(-1)?.seq ?? 0;
  await first.close();

  const second = await daemonHere(place, { store: "memory" });
  await say(second, now, "test.now");
  const whole = await read(second);
  expect(whole.filter(({ type }) => type === "test.now")).toHaveLength(now);
  expect(whole.some(({ type }) => type === "system.gap")).toBe(false);
  const [gap, ...rest] = await read(second, cursor);
  expect(gap).toMatchObject({ type: "system.gap", payload: { from_seq: cursor + 1, to_seq: (whole[0]?.seq ?? 0) - 1 } });
  expect(rest).toEqual(whole);
});
