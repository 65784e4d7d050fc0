import * as z from "zod";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import { ToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

const args = z.strictObject({
  question: z.string().min(1).max(8000),
  options: z
    .array(z.strictObject({ id: z.string().min(1).max(128), title: z.string().min(1).max(256) }))
    .min(1)
    .max(16)
    .refine((options) => new Set(options.map(({ id }) => id)).size === options.length, "ids must differ")
    .exactOptional()
    .describe("Answers to choose from; without them the answer is a text"),
});

/** Tool `ask_user`. */
export function createAskUserTool(room: ToolRoom): BuiltinTool {
  return defineTool(
    {
      name: "ask_user",
      description: "Asks the person a question and waits for the answer.",
      level: "interactive",
      args,
      async run({ question, options }, { context }) {
        const answer = await context.ask({
          kind: options ? "choice" : "text",
          scope: "user_question",
          prompt: question,
          ...(options && { options }),
        });
        if (answer.outcome !== "answered") {
          const why = [answer.reason ?? answer.outcome, ...(answer.message ? [answer.message] : [])].join(": ");
          throw new ToolError("interrupted", `the question was not answered: ${why}`);
        }
        const chosen = answer.option_id === undefined ? undefined : options?.find(({ id }) => id === answer.option_id);
        const text = chosen ? `${chosen.id}: ${chosen.title}` : (answer.text ?? "");
        return answer.message ? `${text}\n${answer.message}` : text;
      },
    },
    room.outputBytes,
  );
}
