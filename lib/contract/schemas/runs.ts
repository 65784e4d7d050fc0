import * as z from "zod";
import { later } from "../../later.js";
import { answerInput, question } from "../../questions/schema.js";
import { inputRecord, runInput, runOrigin, runRequest, runStatus, runSummary } from "../../runs/schema.js";
import { seq, streamEvent } from "./events.js";
import { flag, integer, names, word } from "./query.js";

const id = word;
const cursor = later(() => z.string().max(256));
const status = later(() => names(["active", "terminal", ...runStatus.options]));
const questionFilter = later(() => z.enum(["open", "closed", "all"]));

/** Input and output of each operation of runs. */
export const runSchemas = {
  "runs.start": { input: runRequest, output: later(() => z.strictObject({ run_id: z.string() })) },
  "runs.list": {
    input: later(() =>
      z.strictObject({
        limit: integer(0, 1000).exactOptional(),
        cursor: cursor.exactOptional(),
        status: status.exactOptional(),
        profile: word.exactOptional(),
        executor: word.exactOptional(),
        origin: names(runOrigin.options as [string, ...string[]]).exactOptional(),
        label: z.string().max(256).exactOptional(),
        key: word.exactOptional(),
        parent_id: word.exactOptional(),
        session_id: word.exactOptional(),
      }),
    ),
    output: later(() => z.strictObject({ runs: z.array(runSummary), next_cursor: z.string().exactOptional() })),
  },
  "runs.get": { input: later(() => z.strictObject({ id })), output: runSummary },
  "runs.cancel": {
    input: later(() => z.strictObject({ id, reason: z.string().max(256).exactOptional() })),
    output: later(() => z.strictObject({ status: z.literal("canceled") })),
  },
  "runs.events": {
    input: later(() =>
      z.strictObject({
        id,
        after: seq.exactOptional(),
        follow: flag.exactOptional(),
        previews: flag.exactOptional(),
        approver: flag.exactOptional(),
        limit: integer(1, 1000).exactOptional(),
      }),
    ),
    output: later(() =>
      z.strictObject({
        events: z.array(streamEvent),
        first_seq: z.int(),
        last_seq: z.int(),
        next_after: z.int(),
        status: runStatus,
      }),
    ),
  },
  "runs.wait": { input: later(() => z.strictObject({ id, timeout_ms: integer(0, 55_000).exactOptional() })), output: runSummary },
  "runs.input": {
    input: later(() => z.strictObject({ id, ...runInput.shape })),
    output: later(() => z.strictObject({ input_id: z.string(), state: z.literal("pending") })),
  },
  "runs.inputs": { input: later(() => z.strictObject({ id })), output: later(() => z.strictObject({ inputs: z.array(inputRecord) })) },
  "runs.withdraw": {
    input: later(() => z.strictObject({ id, input_id: word })),
    output: later(() => z.strictObject({ state: z.literal("withdrawn") })),
  },
  "runs.questions": {
    input: later(() => z.strictObject({ id, status: questionFilter.exactOptional(), tree: flag.exactOptional() })),
    output: later(() => z.strictObject({ questions: z.array(question) })),
  },
  "runs.answer": { input: later(() => z.strictObject({ id, question_id: word, ...answerInput.shape })), output: question },
  "runs.prune": {
    input: later(() =>
      z
        .strictObject({
          older_than_ms: integer(0, Number.MAX_SAFE_INTEGER).exactOptional(),
          keep: integer(0, Number.MAX_SAFE_INTEGER).exactOptional(),
          status: names(["completed", "failed", "canceled", "interrupted"]).exactOptional(),
        })
        .refine((rule) => Object.keys(rule).length > 0, {
          message: "must name at least one of older_than_ms, keep and status",
          params: { issue: "required" },
        }),
    ),
    output: later(() => z.strictObject({ removed: z.int() })),
  },
};
