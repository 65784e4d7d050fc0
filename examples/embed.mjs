// Runs in your own process: no server, no files. `node examples/embed.mjs`
import assert from "node:assert/strict";
import { functionExecutor, RunManager } from "anode-daemon";

const greet = functionExecutor(async ({ request, emit, ask }) => {
  const answer = await ask({
    kind: "choice",
    scope: "user_question",
    prompt: "Formal?",
    options: [
      { id: "y", title: "Yes" },
      { id: "n", title: "No" },
    ],
  });
  const text = answer.option_id === "y" ? `Good day, ${request.prompt}.` : `Hi ${request.prompt}!`;
  await emit("assistant.message", { message_id: "m1", text });
  return text;
});

const manager = new RunManager({
  executors: { greet },
  profiles: { craft: { executor: "greet" } },
  onQuestion: () => ({ option_id: "n" }),
});
await manager.open();
const run = await manager.start({ prompt: "Ada" });
const statuses = [];
for await (const event of manager.attach(run.id)) {
  console.log(event.type, event.status);
  statuses.push(event.status);
}
const { result } = await manager.get(run.id);
console.log(result);
await manager.close();

assert.equal(result, "Hi Ada!");
assert.deepEqual([...new Set(statuses)], ["queued", "running", "waiting", "completed"]);
