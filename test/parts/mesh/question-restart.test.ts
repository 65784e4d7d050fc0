import { expect, it, onTestFinished } from "vitest";
import type { RunManager } from "../../../lib/index.js";
import { createTestHost } from "../../../lib/testing/index.js";
import { openTestMesh } from "../../support/mesh.js";
import { openSourceStore, temporaryFolder } from "../../support/sqlite.js";

const startMs = 1_760_000_000_000;

/** An ask with a question that is due after a minute; the daemon is gone, and comes back an hour later. */
async function dueMeanwhile(question: { kind: "text"; default_answer?: string }, between: (manager: RunManager) => Promise<void>) {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const path = folder.file("anode.db");
  const before = await openSourceStore({ path });
  const first = await openTestMesh({ store: before, host: createTestHost({ startMs }) });
  const ann = await first.peer("ann");
  await first.peer("bob");
  const input = { to_peer: "bob", text: "Which?", question, if_unavailable: "queue", expires_ms: 60_000 } as const;
  const { correlation_id } = await first.call("asks.ask", input, { caller: ann.caller });
  first.mesh.close();
  await before.close();

  const store = await openSourceStore({ path });
  onTestFinished(() => store.close());
  // What was random in the first life must not be given again.
  const host = createTestHost({ startMs: startMs + 3_600_000 });
  for (let n = 0; n < 1000; n += 1) host.randomId(8);
  const second = await openTestMesh({ store, host, between });
  await host.clock.advance(1);
  await second.settle();
  return {
    ...second,
    correlation_id,
    replies: second.mesh.mail.waiting(ann.peer_id).map(({ text, close_reason }) => [close_reason, text]),
  };
}

it.each([
  [
    "before the mesh is there",
    async (manager: RunManager) => {
      await (manager.host.clock as ReturnType<typeof createTestHost>["clock"]).advance(1);
      await manager.journal.settled();
    },
  ],
  ["when the mesh is there", async () => {}],
])("A question on an ask that fell due while the daemon was gone ends the ask, its deadline being noticed %s", async (_, between) => {
  const withDefault = await dueMeanwhile({ kind: "text", default_answer: "any" }, between);
  const answered = await withDefault.call("asks.get", { id: withDefault.correlation_id });
  expect(answered).toMatchObject({
    state: "closed",
    close_reason: "answered",
    reply_text: "any",
    answer: { outcome: "answered", text: "any" },
  });
  expect(withDefault.replies).toEqual([["answered", "any"]]);

  const without = await dueMeanwhile({ kind: "text" }, between);
  expect(await without.call("asks.get", { id: without.correlation_id })).toMatchObject({ state: "closed", close_reason: "expired" });
  expect(without.replies).toEqual([["expired", ""]]);
});
