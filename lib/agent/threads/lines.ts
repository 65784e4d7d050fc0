/** Data of a provider that only it understands: signatures, encrypted reasoning. Dropped when the thread goes on with another one. */
export interface ProviderData {
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One piece of a message. */
export type Content =
  | { readonly type: "text"; readonly text: string; readonly provider?: ProviderData }
  | { readonly type: "reasoning"; readonly text: string; readonly provider?: ProviderData }
  | {
      readonly type: "tool_call";
      readonly call_id: string;
      readonly name: string;
      readonly args: unknown;
      readonly provider?: ProviderData;
    }
  | { readonly type: "tool_result"; readonly call_id: string; readonly name: string; readonly ok: boolean; readonly output: string };

/** A message of a thread, as stored and as the loop keeps it. */
export interface Message {
  readonly role: "user" | "assistant" | "tool";
  readonly content: readonly Content[];
}

/** The first line of a thread's file. */
export interface ThreadHead {
  readonly t: "thread";
  readonly v: 1;
  readonly id: string;
  readonly workspace: string;
  readonly created_at: string;
  readonly profile: string;
  readonly model?: string;
  readonly parent?: string;
  readonly handoff_from?: string;
}

/** A message with the run that made it. */
export interface MessageLine extends Message {
  readonly t: "message";
  readonly run_id: string;
  readonly time: string;
}

/** Everything before line `kept_from` (from 1) is replaced by the summary. */
export interface CompactionLine {
  readonly t: "compaction";
  readonly time: string;
  readonly summary: string;
  readonly kept_from: number;
}

/** How a run on the thread ended. */
export interface RunLine {
  readonly t: "run";
  readonly run_id: string;
  readonly status: string;
  readonly stop_reason: string;
  readonly usage?: Readonly<Record<string, unknown>>;
  readonly cost_usd?: number;
  readonly model: string;
  readonly time: string;
}

export type ThreadLine = ThreadHead | MessageLine | CompactionLine | RunLine;

/** The lines of a thread's file; what is torn or not a line ends nothing, it is left out but keeps its number. */
export function parseLines(text: string): (ThreadLine | undefined)[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => {
    try {
      const value = JSON.parse(line) as ThreadLine;
      return typeof value === "object" && value !== null && typeof value.t === "string" ? value : undefined;
    } catch {
      return undefined;
    }
  });
}

const summaryHead = "Summary of the conversation so far:\n\n";

/** A summary as the message that stands for what it replaces. */
export function summaryMessage(summary: string): Message {
  return { role: "user", content: [{ type: "text", text: `${summaryHead}${summary}` }] };
}

/** A message and the line (from 1) on which it stands, if it stands on one. */
export interface PlacedMessage {
  readonly message: Message;
  readonly line?: number;
}

/** The conversation that a thread goes on with: what follows the last compaction, calls without results answered. */
export function messagesOf(lines: readonly (ThreadLine | undefined)[]): PlacedMessage[] {
  const compaction = lines.findLast((line) => line?.t === "compaction");
  const first = compaction?.kept_from ?? 1;
  const placed = lines.flatMap((line, index) =>
    line?.t === "message" && index + 1 >= first ? [{ message: { role: line.role, content: line.content }, line: index + 1 }] : [],
  );
  return [...(compaction ? [{ message: summaryMessage(compaction.summary) }] : []), ...withResults(placed)];
}

/** After a crash a call may stand there without its result, which no provider accepts. */
function withResults(placed: readonly PlacedMessage[]): PlacedMessage[] {
  return placed.flatMap((one, index) => {
    const { role, content } = one.message;
    const calls = content.flatMap((part) => (role === "assistant" && part.type === "tool_call" ? [part] : []));
    const next = placed[index + 1]?.message;
    const answered = next?.role === "tool" ? next.content : [];
    const open = calls.filter(({ call_id }) => !answered.some((part) => part.type === "tool_result" && part.call_id === call_id));
    return open.length === 0 ? [one] : [one, { message: { role: "tool", content: open.map(interrupted) } }];
  });
}

function interrupted({ call_id, name }: { readonly call_id: string; readonly name: string }): Content {
  return { type: "tool_result", call_id, name, ok: false, output: "error: interrupted: the run ended before the call had a result" };
}
