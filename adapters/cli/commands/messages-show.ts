import { agentText } from "../../../lib/messages/agent-text.js";
import { firstWord, meshCommand } from "../mesh-client.js";

/** `anode messages show`: what an agent was told of a message, without the cut that a pane makes. */
export const run = meshCommand(
  (client, line) => client.messages.get({ delivery_id: firstWord(line) }),
  (message, _line, { output }) => output.data(`${agentText(message)}\n`),
);
