import type { ModelMessage, Step } from "./ai-sdk.js";
import { problemsOf } from "./invalid-calls.js";
import { charactersOf, fromModelMessages, toModelMessages, transcriptOf, userMessage } from "./messages.js";
import type { Message, PlacedMessage } from "./threads/lines.js";
import { summaryMessage } from "./threads/lines.js";
import type { Thread } from "./threads/thread.js";

const removed = "[removed]";
const charactersPerToken = 4;

/** What the model is shown, and what of it the thread keeps. The one copy: the SDK is handed it anew for each step. */
export class Conversation {
  readonly #thread: Thread;
  readonly #provider: string;
  #placed: PlacedMessage[];
  /** Messages that are not in the thread yet, from this index on. */
  #unwritten: number;
  /** Input tokens that the last step reported, and how much has come since. */
  #reported: { readonly tokens: number; readonly from: number } | undefined;
  #prompt: Message | undefined;

  constructor(thread: Thread, provider: string) {
    this.#thread = thread;
    this.#provider = provider;
    this.#placed = [...thread.messages];
    this.#unwritten = this.#placed.length;
  }

  /** Adds a message of the user; the first one is the prompt, which is never compacted away. */
  addUser(text: string): void {
    const message = userMessage(text);
    this.#prompt ??= message;
    this.#placed.push({ message });
    this.#thread.begin(text);
  }

  /** Adds what a completed turn brought and writes the turn down. */
  addTurn({ content, response, usage: { inputTokens } }: Pick<Step, "content" | "response" | "usage">): void {
    if (inputTokens !== undefined) this.#reported = { tokens: inputTokens, from: this.#placed.length };
    for (const message of fromModelMessages(response.messages, this.#provider, problemsOf({ content }))) this.#placed.push({ message });
    this.write();
  }

  /** Writes down what is not in the thread yet: what a run that failed was asked, too. */
  write(): void {
    const added = this.#placed.slice(this.#unwritten);
    const first = this.#thread.nextLine;
    this.#thread.write(added.map(({ message }) => message));
    this.#placed.splice(this.#unwritten, added.length, ...added.map(({ message }, index) => ({ message, line: first + index })));
    this.#unwritten = this.#placed.length;
  }

  /** As the SDK takes it. */
  toModel(): ModelMessage[] {
    return toModelMessages(this.#messages, this.#provider);
  }

  /** About how many tokens the next call will have as its input. */
  get estimatedTokens(): number {
    const { tokens, from } = this.#reported ?? { tokens: 0, from: 0 };
    const added = this.#messages.slice(from).reduce((sum, message) => sum + charactersOf(message), 0);
    return tokens + Math.ceil(added / charactersPerToken);
  }

  /** Removes the results of tools from before the last `keepTurns` turns. Answers whether there were any. */
  removeOldResults(keepTurns: number): boolean {
    const cut = this.#cut(keepTurns);
    let isChanged = false;
    this.#placed = this.#placed.map((one, index) => {
      if (index >= cut || one.message.role !== "tool") return one;
      const content = one.message.content.map((part) => (part.type === "tool_result" ? { ...part, output: removed } : part));
      isChanged ||= one.message.content.some((part) => part.type === "tool_result" && part.output !== removed);
      return { ...one, message: { ...one.message, content } };
    });
    if (isChanged) this.#reported = undefined;
    return isChanged;
  }

  /** What a summary has to stand for: everything but the prompt and the last `keepTurns` turns, as text. */
  olderThan(keepTurns: number): string {
    const older = this.#messages.slice(0, this.#cut(keepTurns)).filter((message) => message !== this.#prompt);
    return older.map(transcriptOf).join("\n\n");
  }

  /** Puts the summary in the place of what {@link olderThan} gave. */
  replaceOlder(keepTurns: number, summary: string): void {
    const cut = this.#cut(keepTurns);
    const prompt = this.#placed.slice(0, cut).filter(({ message }) => message === this.#prompt);
    // The compaction's own line comes before whatever is still to be written.
    const keptFrom = this.#placed[cut]?.line ?? this.#thread.nextLine + 1;
    this.#thread.compact(summary, keptFrom);
    const unwritten = this.#placed.length - Math.max(cut, this.#unwritten);
    this.#placed = [{ message: summaryMessage(summary) }, ...prompt, ...this.#placed.slice(cut)];
    this.#unwritten = this.#placed.length - unwritten;
    this.#reported = undefined;
  }

  get #messages(): Message[] {
    return this.#placed.map(({ message }) => message);
  }

  /** Where the last `keepTurns` turns begin. */
  #cut(keepTurns: number): number {
    const turns = this.#placed.flatMap(({ message }, index) => (message.role === "assistant" ? [index] : []));
    if (keepTurns === 0) return this.#unwritten;
    return turns.length <= keepTurns ? 0 : (turns.at(-keepTurns) as number);
  }
}
