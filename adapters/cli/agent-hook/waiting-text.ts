import { type AgentMessage, agentText } from "../../../lib/messages/agent-text.js";
import { plainText } from "../../../lib/plain-text.js";
import type { Ask } from "../../../lib/asks/schema.js";
import type { Message } from "../../../lib/messages/schema.js";

const messageBytes = 16 * 1024;
/** Of all messages together; the others come with the next turn. */
const mostCharacters = 48 * 1024;
const gistCharacters = 120;

/** What waits for an agent as one text, and which messages are in it. */
export function waitingText(
  messages: readonly Message[],
  asks: readonly Ask[],
): { readonly text: string; readonly delivery_ids: string[] } {
  const parts: string[] = [];
  const delivery_ids: string[] = [];
  let length = 0;
  for (const message of messages) {
    const text = agentText(message as AgentMessage, messageBytes);
    if (parts.length > 0 && length + text.length > mostCharacters) break;
    length += text.length;
    parts.push(text);
    delivery_ids.push(message.delivery_id);
  }
  const told = new Set(messages.map(({ correlation_id }) => correlation_id));
  const open = asks.filter(({ correlation_id }) => !told.has(correlation_id));
  if (open.length > 0) parts.push(["Still open, asked of you before:", ...open.map(lineOf)].join("\n"));
  return { text: parts.join("\n\n"), delivery_ids };
}

function lineOf({ correlation_id, from_name, text, question }: Ask): string {
  const gist = JSON.stringify(plainText(text.replaceAll(/\s+/g, " ").trim().slice(0, gistCharacters)));
  const how = question ? `answer ${correlation_id}` : `ack ${correlation_id}`;
  return `- ${correlation_id} from @${from_name}: ${gist} (close it: ${how})`;
}
