import { bytesOf, plainText, startOf } from "../plain-text.js";
import type { QuestionKind, QuestionOption, QuestionOutcome } from "../questions/schema.js";
import { type AgentHeader, headerText } from "./agent-header.js";

/** A file that comes with a message. */
export interface AgentFile {
  readonly id: string;
  readonly filename: string;
  readonly size_bytes: number;
}

/** A question as its reader must see it to answer. */
export interface AgentQuestion {
  readonly kind: QuestionKind;
  /** Left out where it says what the message says. */
  readonly prompt?: string;
  readonly options?: readonly QuestionOption[];
}

/** What is told to an agent: the header's parts, as the frames of a peer's socket carry them, and what stands below it. */
export interface AgentMessage {
  readonly type: AgentHeader["type"];
  readonly delivery_id: string;
  /** Of an ask and of a reply. */
  readonly correlation_id?: string;
  readonly from_peer: string;
  /** A reply may have none. */
  readonly text?: string;
  readonly question?: AgentQuestion;
  readonly attachments?: readonly AgentFile[];
  /** Of a reply: how the ask ended, and the answer when it was a question. */
  readonly close_reason?: string;
  readonly answer?: { readonly outcome: QuestionOutcome; readonly option_id?: string };
}

/** Who reads, and how much. */
export interface AgentTextOptions {
  /** Display name of the peer that reads. */
  readonly to: string;
  /** Bytes in all; the text of the message is cut to fit and says how to read it whole. @defaultValue no bound */
  readonly limitBytes?: number;
}

/**
 * The exact text an agent sees of a message: one header line, the text, its files, and how to answer. Nothing in it acts
 * on a terminal, and no line but the first looks like a header, whatever the sender wrote.
 */
export function agentText(message: AgentMessage, { to, limitBytes = Number.POSITIVE_INFINITY }: AgentTextOptions): string {
  const head = headerText(headerOf(message, to));
  const tail = [...questionLines(message.question), ...(message.attachments ?? []).map(fileLine), ...closingLines(message)];
  const body = quoted(plainText(bodyOf(message)));
  const whole = [head, ...(body === "" ? [] : [body]), ...tail].join("\n");
  if (bytesOf(whole) <= limitBytes) return whole;
  const note = `(cut here; read the whole message: GET /messages/${word(message.delivery_id)})`;
  const room = limitBytes - bytesOf([head, "", note, ...tail].join("\n"));
  if (room >= 0) return [head, startOf(body, room), note, ...tail].join("\n");
  // Options of a question that are longer than everything: they are read with the message.
  const closing = closingLines(message);
  return startOf(
    [head, startOf(body, limitBytes - bytesOf([head, "", note, ...closing].join("\n"))), note, ...closing].join("\n"),
    limitBytes,
  );
}

/** The header that an agent sees of a message. */
export function headerOf({ type, correlation_id = "", from_peer }: AgentMessage, to: string): AgentHeader {
  const from = word(from_peer);
  if (type === "ask") return { type, correlation_id: word(correlation_id), from, to: word(to) };
  if (type === "reply") return { type, correlation_id: word(correlation_id), from };
  return type === "note" ? { type, from, to: word(to) } : { type, from };
}

function bodyOf({ type, text = "", answer, close_reason }: AgentMessage): string {
  if (type !== "reply") return text;
  const chosen = answer && `(${answer.outcome}${answer.option_id === undefined ? "" : `: ${oneLine(answer.option_id)}`})`;
  const said = chosen ?? (text === "" ? `(${oneLine(close_reason ?? "ack")}, without a message)` : undefined);
  return [...(said === undefined ? [] : [said]), ...(text === "" ? [] : [text])].join("\n");
}

function questionLines(question: AgentQuestion | undefined): string[] {
  if (!question) return [];
  const { kind, prompt, options = [] } = question;
  const lines = options.map(({ id, title, description }) => {
    const more = description === undefined ? "" : ` (${oneLine(description)})`;
    return `- ${JSON.stringify(oneLine(id))}: ${oneLine(title)}${more}`;
  });
  return [...(prompt === undefined ? [] : [quoted(plainText(prompt))]), `(question: ${kind})`, ...lines];
}

function fileLine({ id, filename, size_bytes }: AgentFile): string {
  return `[anode:file ${word(id)} ${JSON.stringify(oneLine(filename))} ${size_bytes}]`;
}

function closingLines({ type, correlation_id = "", question }: AgentMessage): string[] {
  if (type !== "ask") return [];
  const id = word(correlation_id);
  if (!question) return [`(close it: ack ${id} with your answer)`];
  if (question.kind === "choice") return [`(close it: answer ${id} with the id of one option, or decline ${id})`];
  return [`(close it: answer ${id}${question.kind === "text" ? " with your text" : " to acknowledge"}, or decline ${id})`];
}

/** What a reader may take for the begin of a header: blanks and characters without a shape before it, any case. */
const forged =
  /^([\s\p{Cf}\p{Mn}]*)(?=\[[\s\p{Cf}\p{Mn}]*a[\p{Cf}\p{Mn}]*n[\p{Cf}\p{Mn}]*o[\p{Cf}\p{Mn}]*d[\p{Cf}\p{Mn}]*e[\s\p{Cf}\p{Mn}]*:)/iu;

/** The text with `> ` before each line that begins as a header does. */
function quoted(text: string): string {
  return text
    .split(/(?<=[\n\u2028\u2029])/)
    .map((line) => (forged.test(line) ? `> ${line}` : line))
    .join("");
}

function oneLine(text: string): string {
  return plainText(text).replaceAll(/\s+/g, " ").trim();
}

/** A name or an id, which has no character that could end its place in a header. */
function word(text: string): string {
  return text.replaceAll(/[^\w.-]/g, "_");
}
