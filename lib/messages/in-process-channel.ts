import type { Channel, InProcessReceiver } from "./channel.js";
import type { Message } from "./schema.js";

/** Messages to a function of this process: delivered when it has returned; what it returns is the reply to an ask. */
export function inProcessChannel(receiver: InProcessReceiver, reply: (ask: Message, text: string) => Promise<void>): Channel {
  return {
    kind: "in_process",
    async push(message) {
      try {
        const text = await receiver(message);
        if (typeof text === "string" && message.kind === "ask") await reply(message, text);
        return { state: "delivered" };
      } catch (error) {
        return { state: "failed", detail: String(error) };
      }
    },
  };
}
