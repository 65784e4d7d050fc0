import { createHash, randomBytes } from "node:crypto";
import type { OperationInput } from "../../../lib/contract/schemas.js";
import type { ToolCall } from "./tool-call.js";

/** The question that a tool call is put as; its id is always there. */
export type ToolQuestion = OperationInput<"questions.askBlocking"> & { readonly correlation_id: string };

const mostCharacters = 8_000;
/** What is left of a question's metadata for the input, with the other members beside it. */
const mostBytes = 12_000;
const promptCharacters = 1_000;
const nameCharacters = 256;

/** Asks whether a tool may be called as it is about to be. */
export function toToolQuestion(call: ToolCall, backend: string, waitMs: number): ToolQuestion {
  const input = JSON.stringify(call.input);
  const shown = cutToFit(input);
  const tool = call.tool.slice(0, nameCharacters);
  return {
    correlation_id: `pretool-${idOf(call)}`,
    prompt: `${tool}: ${gistOf(call.input) ?? input}`.slice(0, promptCharacters),
    kind: "choice",
    scope: "tool_permission",
    options: [
      { id: "allow", title: "Allow" },
      { id: "deny", title: "Deny" },
    ],
    timeout_ms: waitMs,
    origin: backend,
    metadata: {
      tool,
      input: shown,
      ...(shown.length < input.length && { truncated: true }),
      input_sha256: createHash("sha256").update(input).digest("hex"),
      ...(call.cwd !== undefined && { cwd: call.cwd.slice(0, nameCharacters) }),
      ...(call.session !== undefined && { session_id: call.session.slice(0, nameCharacters) }),
    },
  };
}

/** The runtime's id where it can be part of ours, else its digest; a call without one is like no other. */
function idOf({ id }: ToolCall): string {
  if (id === undefined) return randomBytes(16).toString("hex");
  return /^[A-Za-z0-9_-]{4,100}$/.test(id) ? id : createHash("sha256").update(id).digest("hex");
}

/** What a person looks at first. */
function gistOf(input: unknown): string | undefined {
  if (typeof input !== "object" || input === null) return undefined;
  const fields = input as Record<string, unknown>;
  const gist = ["command", "file_path", "notebook_path", "path"].map((name) => fields[name]).find((value) => typeof value === "string");
  return gist as string | undefined;
}

/** At most so many characters, and so many bytes once it is a JSON string, where quotes and other scripts count more. */
function cutToFit(text: string): string {
  let end = Math.min(text.length, mostCharacters);
  while (Buffer.byteLength(JSON.stringify(text.slice(0, end))) > mostBytes) end = Math.floor(end * 0.9);
  return text.slice(0, end);
}
