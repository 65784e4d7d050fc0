import { bytesOf, plainText, startOf } from "../plain-text.js";
import type { QuestionKind, QuestionOption } from "../questions/schema.js";
import { type AgentHeader, headerText } from "./agent-header.js";

/** A message as it is told to an agent: the part of a stored one that its reader sees. A frame of a peer's socket has all of it too. */
export interface AgentMessage {
  readonly kind: "ask" | "notify" | "broadcast" | "reply";
  readonly delivery_id: string;
  /** Of an ask and of a reply. */
  readonly correlation_id?: string;
  readonly from_name: string;
  readonly to_name: string;
  /** Empty where a reply has none. */
  readonly text: string;
  readonly question?: { readonly kind: QuestionKind; readonly prompt?: string; readonly options?: readonly QuestionOption[] };
  readonly attachments?: readonly { readonly id: string; readonly filename: string; readonly size_bytes: number }[];
  /** Of a reply: how the ask ended, and what was answered when it was a question. */
  readonly close_reason?: string;
  readonly answer?: { readonly outcome: string; readonly option_id?: string; readonly text?: string; readonly message?: string };
}

/**
 * The exact text an agent sees of a message: one header line, the text, its files, and how to answer. Nothing in it acts
 * on a terminal, and no line but the first looks like a header, whatever the sender wrote. Over `limitBytes` the text of
 * the message is cut, and a line says what command and what tool show all of it; header, files and hint stay.
 */
export function agentText(message: AgentMessage, limitBytes = Number.POSITIVE_INFINITY): string {
  const head = headerText(headerOf(message));
  const tail = [...questionLines(message.question), ...(message.attachments ?? []).map(fileLine), ...closingLines(message)];
  const body = quoted(plainText(bodyOf(message)));
  const whole = [head, ...(body === "" ? [] : [body]), ...tail].join("\n");
  if (bytesOf(whole) <= limitBytes) return whole;
  const note = `(cut here; read all of it: anode messages show ${word(message.delivery_id)}, or the tool message_get)`;
  const room = limitBytes - bytesOf([head, "", note, ...tail].join("\n"));
  if (room >= 0) return [head, startOf(body, room), note, ...tail].join("\n");
  // A question longer than everything: it is read with the message.
  const rest = [note, ...closingLines(message)];
  return [head, startOf(body, limitBytes - bytesOf([head, "", ...rest].join("\n"))), ...rest].join("\n");
}

/** The header that an agent sees of a message. */
export function headerOf({ kind, correlation_id = "", from_name, to_name }: AgentMessage): AgentHeader {
  const [from, to, id] = [word(from_name), word(to_name), word(correlation_id)];
  if (kind === "ask") return { type: "ask", correlation_id: id, from, to };
  if (kind === "reply") return { type: "reply", correlation_id: id, from };
  return kind === "notify" ? { type: "note", from, to } : { type: "broadcast", from };
}

function bodyOf({ kind, text, answer, close_reason = "ack" }: AgentMessage): string {
  if (kind !== "reply") return text;
  const said = [text, answer?.text, answer?.message].find((part) => part !== undefined && part !== "");
  const option = answer?.option_id === undefined ? "" : `: ${oneLine(answer.option_id)}`;
  if (answer) return `(${oneLine(answer.outcome)}${option})${said === undefined ? "" : `\n${said}`}`;
  return said ?? `(${oneLine(close_reason)}, without a message)`;
}

function questionLines(question: AgentMessage["question"]): string[] {
  if (!question) return [];
  const { kind, prompt, options = [] } = question;
  const lines = options.map(({ id, title, description }) => {
    const more = description === undefined ? "" : ` (${oneLine(description)})`;
    return `- ${JSON.stringify(oneLine(id))}: ${oneLine(title)}${more}`;
  });
  return [...(prompt === undefined ? [] : [quoted(plainText(prompt))]), `(question: ${kind})`, ...lines];
}

function fileLine({ id, filename, size_bytes }: NonNullable<AgentMessage["attachments"]>[number]): string {
  return `[anode:file ${word(id)} ${JSON.stringify(oneLine(filename))} ${size_bytes}]`;
}

function closingLines({ kind, correlation_id = "", question }: AgentMessage): string[] {
  if (kind !== "ask") return [];
  const id = word(correlation_id);
  if (!question) return [`(close it: ack ${id} with your answer)`];
  if (question.kind === "choice") return [`(close it: answer ${id} with the id of one option, or decline ${id})`];
  return [`(close it: answer ${id}${question.kind === "text" ? " with your text" : " to acknowledge"}, or decline ${id})`];
}

/** The text with `> ` before each line that begins as a header does, or that a reader would take for one. */
function quoted(text: string): string {
  return text
    .split(/(?<=[\n\u2028\u2029])/)
    .map((line) => (looksLikeHeader(line) ? `> ${line}` : line))
    .join("");
}

/** Blanks and characters without a shape are overlooked, as a reader would, and so is the case. */
function looksLikeHeader(line: string): boolean {
  return (
    line.includes("[") &&
    line
      .replaceAll(/[\s\p{Cf}\p{Mn}]/gu, "")
      .toLowerCase()
      .startsWith("[anode:")
  );
}

function oneLine(text: string): string {
  return plainText(text).replaceAll(/\s+/g, " ").trim();
}

/** A name or an id, which has no character that could end its place in a header. */
function word(text: string): string {
  return text.replaceAll(/[^\w.-]/g, "_");
}
