import { createInterface } from "node:readline";
import type { Preview, StreamEvent } from "../../lib/events/event.js";
import type { Question } from "../../lib/questions/schema.js";
import { isEvent } from "../../lib/events/event-payloads.js";
import type { Client } from "../client/index.js";
import { isStillOpen } from "./answer-elsewhere.js";
import type { Output } from "./output.js";
import { describeQuestion, readAnswer } from "./read-answer.js";

/** Puts questions to the person at the terminal, one after the other. */
export interface Approver {
  /** To be told every event: of a run, whose children are watched too, or of the feed. */
  see(event: StreamEvent | Preview): void;
  close(): void;
}

/** What a terminal needs to ask and to answer. */
export interface ApproverParts {
  readonly client: Client;
  readonly output: Output;
  readonly stdin: NodeJS.ReadableStream;
  readonly signal: AbortSignal;
}

/** An approver that reads lines of `stdin`. */
export function createApprover({ client, output, stdin, signal }: ApproverParts): Approver {
  const waiting: Question[] = [];
  let current: Question | undefined;
  let peerName: string | undefined;
  // The terminal edits and echoes the line; its keys stay its own, Ctrl-C with them.
  const lines = createInterface({ input: stdin, terminal: false });
  lines.on("line", (line) => void answer(line));

  function see(event: StreamEvent | Preview): void {
    if (isEvent(event, "question.asked")) {
      waiting.push({ ...event.payload, status: "open" });
      void askNext();
    } else if (isEvent(event, "question.closed")) withdraw(event.payload.question_id);
    else if (isEvent(event, "run.child_started")) void watch(event.payload.child_id);
  }

  async function askNext(): Promise<void> {
    if (current) return;
    current = waiting.shift();
    if (!current) return;
    const asked = current;
    const [isOpen, name] = await Promise.all([isStillOpen(asked, client, signal), nameOf(asked)]);
    if (current !== asked) return;
    peerName = name;
    if (isOpen) return output.note(describeQuestion(asked, peerName));
    current = undefined;
    return askNext();
  }

  /** Who asks is told by its id where its name cannot be had: it may be gone, or there is no mesh. */
  async function nameOf({ run_id, from_peer_id }: Question): Promise<string | undefined> {
    if (run_id !== undefined || from_peer_id === undefined) return undefined;
    return client.peers.get({ id: from_peer_id }, { signal }).then(
      ({ display_name }) => display_name,
      () => undefined,
    );
  }

  function withdraw(id: string): void {
    const at = waiting.findIndex(({ question_id }) => question_id === id);
    if (at >= 0) waiting.splice(at, 1);
    if (current?.question_id !== id) return;
    current = undefined;
    void askNext();
  }

  async function answer(line: string): Promise<void> {
    const asked = current;
    if (!asked) return;
    const given = readAnswer(asked, line);
    if (!given) return output.note(describeQuestion(asked, peerName));
    try {
      await client.questions.answer({ correlation_id: asked.question_id, digest: asked.digest, ...given }, { signal });
    } catch (error) {
      if (!signal.aborted) output.fail(error);
    }
    withdraw(asked.question_id);
  }

  async function watch(child: string): Promise<void> {
    try {
      for await (const event of client.runs.attach(child, { approver: true, signal })) see(event);
    } catch (error) {
      if (!signal.aborted) output.fail(error);
    }
  }

  return { see, close: () => lines.close() };
}
