// A test of agent work without an agent, without waiting and without a socket: a scripted run, a clock by hand, and the
// whole HTTP contract in memory.
import assert from "node:assert/strict";
import { RunManager } from "anode-daemon";
import { createClient, memoryCarrier } from "anode-daemon/client";
import { createHandler } from "anode-daemon/http";
import { createTestHost, scriptedExecutor } from "anode-daemon/testing";

const host = createTestHost();
const agent = scriptedExecutor(
  [
    { emit: { type: "assistant.message", payload: { message_id: "m1", text: "I will wait an hour." } } },
    { waitMs: 3_600_000 },
    { ask: { kind: "choice", scope: "tool_permission", prompt: "Delete the build?", timeout_ms: 60_000 } },
    { end: { status: "completed", stop_reason: "end_turn", result: "done" } },
  ],
  { clock: host.clock },
);
const manager = new RunManager({ host, executors: { agent }, profiles: { craft: { executor: "agent" } } });
await manager.open();
const client = createClient(memoryCarrier(createHandler({ manager, hosts: [] })));

const { run_id } = await client.runs.start({ prompt: "clean up" });
const status = async () => (await client.runs.get({ id: run_id })).status;
/** Wait for a state, never for a duration. */
const becomes = async (wanted) => {
  while ((await status()) !== wanted) await new Promise((resolve) => setImmediate(resolve));
};
for await (const event of client.runs.attach(run_id)) if (event.type === "assistant.message") break;
await host.clock.advance(3_599_999);
assert.equal(await status(), "running");
await host.clock.advance(1);
await becomes("waiting");
await host.clock.advance(59_999);
assert.equal(await status(), "waiting");
await host.clock.advance(1);
await becomes("completed");

const [question] = (await client.questions.list({ status: "all" })).questions;
assert.deepEqual([question.decision, question.reason], ["deny", "timed_out"]);
const types = [];
for await (const event of client.runs.attach(run_id)) types.push(event.type);
console.log(types.join(" "));
assert.deepEqual(types, ["run.queued", "run.started", "assistant.message", "question.asked", "question.closed", "run.completed"]);
await client.close();
await manager.close();
