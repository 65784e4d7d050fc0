import * as z from "zod";
import { later } from "../later.js";

const metadataBytes = 16_384;

/** What an asker adds for people and programs to read: any object, as JSON at most 16 KiB. */
const questionMetadata = later(() =>
  z.record(z.string(), z.unknown()).refine((value) => new TextEncoder().encode(JSON.stringify(value)).length <= metadataBytes, {
    message: `must be at most ${metadataBytes} bytes as JSON`,
    params: { issue: "length" },
  }),
);

/** What an answer must be: one listed option, a text, or nothing but the acknowledgement. */
export const questionKind = later(() => z.enum(["choice", "text", "acknowledge"]));
export type QuestionKind = z.infer<typeof questionKind>;

/** `tool_permission` is an approval and always a choice. */
export const questionScope = later(() => z.enum(["tool_permission", "user_question", "mesh_ask"]));
export type QuestionScope = z.infer<typeof questionScope>;

/** How a question ended. An approval ends only `answered` or `denied`. */
export const questionOutcome = later(() => z.enum(["answered", "denied", "timed_out", "canceled"]));
export type QuestionOutcome = z.infer<typeof questionOutcome>;

/** Why a question ended without an allowing answer, always the true reason. */
export const denyReason = later(() => z.enum(["denied", "timed_out", "no_approver", "canceled", "restart", "shutdown"]));
export type DenyReason = z.infer<typeof denyReason>;

export const questionOption = later(() =>
  z.strictObject({
    id: z.string().min(1).max(128),
    title: z.string().min(1).max(256),
    description: z.string().max(4096).exactOptional(),
    effect: z.enum(["allow", "deny"]).exactOptional(),
  }),
);
export type QuestionOption = z.infer<typeof questionOption>;

export const questionTool = later(() =>
  z.strictObject({
    call_id: z.string().max(256),
    name: z.string().max(256),
    level: z.string().max(64),
    args: z.record(z.string(), z.unknown()),
    title: z.string().exactOptional(),
    diff: z.string().exactOptional(),
  }),
);
export type QuestionTool = z.infer<typeof questionTool>;

/** What an asker hands in; the desk adds ids, digest and times. */
export const questionInput = later(() =>
  z.strictObject({
    kind: questionKind,
    scope: questionScope,
    prompt: z.string().min(1).max(8000),
    options: z.array(questionOption).min(1).max(16).exactOptional(),
    tool: questionTool.exactOptional(),
    /** Milliseconds until the question ends by itself; absent = the asker's default. */
    timeout_ms: z.int().min(1).max(604_800_000).exactOptional(),
    /** Option id (choice) or text that holds at the deadline; for a `tool_permission` it can only deny. */
    default_answer: z.string().max(65_536).exactOptional(),
    metadata: questionMetadata.exactOptional(),
  }),
);
export type QuestionInput = z.infer<typeof questionInput>;

/** The ending part of a question. */
export const answer = later(() =>
  z.strictObject({
    outcome: questionOutcome,
    decision: z.enum(["allow", "deny"]).exactOptional(),
    option_id: z.string().exactOptional(),
    text: z.string().exactOptional(),
    message: z.string().exactOptional(),
    reason: z.string().exactOptional(),
    by: z.string().exactOptional(),
    /** True when the deadline applied the default answer. */
    defaulted: z.boolean().exactOptional(),
  }),
);
export type Answer = z.infer<typeof answer>;

export const question = later(() =>
  z.strictObject({
    question_id: z.string(),
    run_id: z.string().exactOptional(),
    peer_id: z.string().exactOptional(),
    /** The peer that asks. */
    from_peer_id: z.string().exactOptional(),
    recipient: z.string().exactOptional(),
    /** Where the question comes from, in its asker's words. */
    origin: z.string().exactOptional(),
    /** The caller whose call waits for the answer; absent when no call does. */
    asked_by: z.string().exactOptional(),
    kind: questionKind,
    scope: questionScope,
    prompt: z.string(),
    options: z.array(questionOption).exactOptional(),
    tool: questionTool.exactOptional(),
    default_answer: z.string().exactOptional(),
    metadata: z.record(z.string(), z.unknown()).exactOptional(),
    digest: z.string(),
    asked_at: z.string(),
    deadline: z.string(),
    status: z.enum(["open", "closed"]),
    ...answer.partial().shape,
    closed_at: z.string().exactOptional(),
  }),
);
export type Question = z.infer<typeof question>;

/** What a caller may say that an answer is; `acknowledged` is recorded as `answered` without an option. */
export const answerOutcome = later(() => z.enum(["answered", "denied", "canceled", "acknowledged"]));

/** Body of an answer as a caller sends it. */
export const answerInput = later(() =>
  z.strictObject({
    /** @defaultValue "answered" */
    outcome: answerOutcome.exactOptional(),
    option_id: z.string().max(128).exactOptional(),
    text: z.string().max(65_536).exactOptional(),
    message: z.string().max(4096).exactOptional(),
    /** Digest of the question that was read; another one is `question_changed`. */
    digest: z.string().max(128).exactOptional(),
  }),
);
export type AnswerInput = z.infer<typeof answerInput>;
