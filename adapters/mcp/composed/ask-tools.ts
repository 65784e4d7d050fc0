import * as z from "zod";
import { AnodeError } from "../../../lib/errors.js";
import { composedTool } from "./composed-tool.js";

const defaultWaitMs = 600_000;
const longestWaitMs = 3_600_000;
const id = z.string().min(1).max(128);

/** Tool `wait_on_ack`: one call, however many requests and connections that takes. */
export const waitOnAck = composedTool({
  description: "Wait until an ask of yours has its reply, or the time is over; status pending says that it is still open.",
  input: z.strictObject({
    correlation_id: id,
    timeout_ms: z.int().min(1).max(longestWaitMs).exactOptional().describe(`Longest wait (default ${defaultWaitMs})`),
  }),
  call: (client, { correlation_id, timeout_ms = defaultWaitMs }) => client.call("asks.wait", { id: correlation_id, timeout_ms }),
});

/** Tool `answer`: for the questions of other peers. What a person has to allow is never answered by a tool, whoever calls. */
export const answer = composedTool({
  description: "Answer the question of an ask with an option, a text, or an outcome.",
  input: z.strictObject({
    correlation_id: id,
    option_id: z.string().min(1).max(128).exactOptional(),
    text: z.string().min(1).max(65_536).exactOptional(),
    outcome: z.enum(["answered", "denied", "canceled", "acknowledged"]).exactOptional(),
    message: z.string().max(65_536).exactOptional(),
  }),
  async call(client, input) {
    const { scope } = await client.call("questions.get", { id: input.correlation_id });
    if (scope === "tool_permission") throw new AnodeError("scope_required", "A permission is a person's to give, not a tool's.");
    return client.call("questions.answer", input);
  },
});

/** Tool `ask_user`: a question to the person, held until it is answered or its time is over. */
export const askUser = composedTool({
  description: "Ask the person a question and wait for the answer.",
  input: z.strictObject({
    prompt: z.string().min(1).max(8000),
    kind: z.enum(["choice", "text", "acknowledge"]).exactOptional().describe("Default: choice with options, else text"),
    options: z
      .array(
        z.strictObject({
          id: z.string().min(1).max(128),
          title: z.string().min(1).max(256),
          description: z.string().max(1024).exactOptional(),
        }),
      )
      .min(1)
      .max(16)
      .exactOptional(),
    timeout_ms: z.int().min(1).max(longestWaitMs).exactOptional().describe("Longest wait; the daemon may cut it"),
  }),
  call: (client, { kind, options, ...input }) =>
    client.call("questions.askBlocking", {
      ...input,
      ...(options && { options }),
      kind: kind ?? (options ? "choice" : "text"),
      scope: "user_question",
      origin: "MCP tool ask_user",
    }),
});
