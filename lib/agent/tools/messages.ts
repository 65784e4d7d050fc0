import * as z from "zod";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import type { ToolRoom } from "./tool-room.js";

/** The mesh, as the tools of one run reach it. */
export interface MessageService {
  /** True for a run that is a peer itself: messages come to it as input. */
  readonly isPeer: boolean;
  send(to: string, text: string): Promise<string>;
  receive(limit: number): Promise<readonly { readonly from: string; readonly text: string; readonly time: string }[]>;
}

/** The tools of the mesh, as far as it takes to say whether a run has any of them. */
export const messageTools = [
  { name: "send_message", level: "state_write" },
  { name: "receive_messages", level: "external_read" },
] as const;

/** Tools `send_message` and, for a run that is no peer, `receive_messages`. */
export function createMessageTools(room: ToolRoom, mesh: MessageService): BuiltinTool[] {
  const send = defineTool(
    {
      name: "send_message",
      description: "Sends a message to another peer.",
      level: "state_write",
      args: z.strictObject({ to: z.string().min(1).max(256), text: z.string().min(1).max(65_536) }),
      run: ({ to, text }) => mesh.send(to, text),
    },
    room.outputBytes,
  );
  if (mesh.isPeer) return [send];
  const receive = defineTool(
    {
      name: "receive_messages",
      description: "Takes the messages that wait for this run.",
      level: "external_read",
      args: z.strictObject({ limit: z.int().min(1).max(100).exactOptional() }),
      async run({ limit = 20 }) {
        const messages = await mesh.receive(limit);
        return messages.length === 0 ? "No messages." : messages.map(({ from, text, time }) => `[${time}] ${from}: ${text}`).join("\n");
      },
    },
    room.outputBytes,
  );
  return [send, receive];
}
