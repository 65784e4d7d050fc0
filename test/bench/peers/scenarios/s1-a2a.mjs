// Start to completed in process against A2A's request handler with an agent that does nothing, or that makes 20 updates.
import { compare } from "../../lib/compare.mjs";
import { burst, emitAll, eventsPerRun, rate, runRate } from "../../lib/run-burst.mjs";
import { samplePayload } from "../../lib/sample-event.mjs";
import { createAgent } from "../lib/a2a-agent.mjs";
import { installed, requireFrom, titleOf } from "../lib/packages.mjs";

const peer = titleOf("a2a-js");
const folder = installed("a2a-js");
const { ServerCallContext, UnauthenticatedUser } = requireFrom(folder, "@a2a-js/sdk/server");
const { Role } = requireFrom(folder, "@a2a-js/sdk");

await row(
  "s1-noop-a2a",
  "start → completed of a no-op run",
  16,
  3,
  () => {},
  () => {},
);
await row("s1-20-events-a2a", "the same with 20 events kept", 25, 1, emitAll, (_text, emit) => {
  for (let seq = 1; seq <= eventsPerRun; seq += 1) emit(samplePayload(seq));
});

async function row(id, title, goal, bursts, work, theirWork) {
  await compare({
    rows: [{ id, title, peer, unit: "runs/s", better: "higher", goal }],
    seconds: 6,
    ours: async () => ({ [id]: await runRate(bursts, work) }),
    limit: async () => ({ [id]: await agentRate(bursts, theirWork) }),
  });
}

function agentRate(bursts, work) {
  const agent = createAgent(folder, work);
  const context = new ServerCallContext({ user: new UnauthenticatedUser(), requestedVersion: "1.0" });
  return rate(bursts * burst, async () => {
    for (let i = 0; i < bursts; i += 1) {
      await Promise.all(Array.from({ length: burst }, (_, at) => agent.sendMessage(startOf(`message-${i}-${at}`), context)));
    }
  });
}

function startOf(messageId) {
  const part = { content: { $case: "text", value: "bench" }, metadata: undefined, filename: "", mediaType: "" };
  const message = { messageId, contextId: "", taskId: "", role: Role.ROLE_USER, parts: [part], metadata: undefined, extensions: [] };
  return { tenant: "", message: { ...message, referenceTaskIds: [] }, configuration: undefined, metadata: undefined };
}
