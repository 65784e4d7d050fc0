import { randomUUID } from "node:crypto";
import card from "./a2a-card.cjs";
import { requireFrom } from "./packages.mjs";

/** A2A's request handler over its memory store; `work(text, emit, taskId)` is what its agent does between the task's first event and its last. */
export function createAgent(folder, work) {
  const { AgentEvent, DefaultRequestHandler, InMemoryTaskStore } = requireFrom(folder, "@a2a-js/sdk/server");
  const { TaskState } = requireFrom(folder, "@a2a-js/sdk");
  const status = (state) => ({ state, message: undefined, timestamp: new Date().toISOString() });

  async function execute({ taskId: id, contextId, userMessage }, bus) {
    const task = { id, contextId, status: status(TaskState.TASK_STATE_WORKING), artifacts: [], history: [], metadata: {} };
    bus.publish(AgentEvent.task(task));
    const update = (state, metadata) => bus.publish(AgentEvent.statusUpdate({ taskId: id, contextId, status: status(state), metadata }));
    let seq = 0;
    const emit = (payload) => update(TaskState.TASK_STATE_WORKING, { seq: (seq += 1), ...payload });
    await work(userMessage.parts[0].content.value, emit, id);
    update(TaskState.TASK_STATE_COMPLETED, { seq: seq + 1 });
    bus.finished();
  }

  return new DefaultRequestHandler(card, new InMemoryTaskStore(), { execute, cancelTask: async () => {} });
}

/** A message as the protocol has it in JSON. */
export function messageOf(text) {
  return { messageId: randomUUID(), role: "ROLE_USER", parts: [{ text }] };
}
