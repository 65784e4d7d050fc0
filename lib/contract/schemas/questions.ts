import * as z from "zod";
import { attachmentList } from "../../attachments/schema.js";
import { later } from "../../later.js";
import { answer, answerInput, question, questionInput, questionKind, questionOutcome, questionScope } from "../../questions/schema.js";
import { flag, integer, word } from "./query.js";

/** The id that a caller gives to what it asks. */
export const correlationId = later(() =>
  z
    .string()
    .regex(
      /^[a-z][a-z0-9]{1,15}-[A-Za-z0-9_-]{4,100}$/,
      "must be 2 to 16 lower-case letters or digits, a dash and 4 to 100 letters, digits, dashes or underscores",
    ),
);

/** Input and output of each operation of questions. */
export const questionSchemas = {
  "questions.list": {
    input: later(() =>
      z
        .strictObject({
          status: z.enum(["open", "closed", "all"]).exactOptional(),
          scope: questionScope.exactOptional(),
          /** Those that the peer asks, and those that are put to it. */
          peer_id: word.exactOptional(),
          run_id: word.exactOptional(),
          tree: flag.exactOptional(),
          limit: integer(1, 1000).exactOptional(),
          cursor: z.string().max(256).exactOptional(),
        })
        .refine((query) => !query.tree || query.run_id !== undefined, {
          path: ["run_id"],
          message: "is required with tree",
          params: { issue: "required" },
        }),
    ),
    output: later(() => z.strictObject({ questions: z.array(question), next_cursor: z.string().exactOptional() })),
  },
  "questions.get": { input: later(() => z.strictObject({ id: word })), output: question },
  "questions.answer": {
    input: later(() =>
      z.strictObject({
        correlation_id: word,
        ...answerInput.shape,
        /** For the reply to an ask. */
        attachments: attachmentList.exactOptional(),
      }),
    ),
    output: later(() =>
      z.strictObject({
        ok: z.literal(true),
        correlation_id: z.string(),
        outcome: questionOutcome,
        decision: answer.shape.decision,
      }),
    ),
  },
  "questions.askBlocking": {
    input: later(() => {
      const { prompt, options, default_answer, metadata, timeout_ms } = questionInput.shape;
      return z.strictObject({
        prompt,
        options,
        default_answer,
        metadata,
        /** Cut to the longest time a question is held. */
        timeout_ms,
        /** @defaultValue "choice" */
        kind: questionKind.exactOptional(),
        /** @defaultValue "tool_permission" */
        scope: z.enum(["tool_permission", "user_question"]).exactOptional(),
        correlation_id: correlationId.exactOptional(),
        /** Where the question comes from, for those who answer it. */
        origin: z.string().min(1).max(1024).exactOptional(),
        from_peer: word.exactOptional(),
      });
    }),
    output: later(() => {
      const { outcome, decision, option_id, text, message, defaulted } = answer.shape;
      return z.strictObject({ correlation_id: z.string(), outcome, decision, option_id, text, message, defaulted, reason: z.string() });
    }),
  },
};
