import type { Clock } from "../host.js";
import { isObject } from "../plain-object.js";
import type { PermissionDenial } from "../runs/event-payloads.js";
import type { RunContext } from "../runs/executor.js";
import type { FinishReason, StreamPart } from "./ai-sdk.js";
import { noticesOf } from "./notices.js";
import { describe } from "./failures.js";
import { problemOf } from "./invalid-calls.js";
import { callOf } from "./model-gate.js";
import type { ToolLevel, ToolResult } from "./tool.js";

/** A call as the model made it. */
export interface AnnouncedCall {
  readonly call_id: string;
  readonly name: string;
  readonly args: unknown;
  readonly invalid?: boolean;
}

/** What the events of a run are made with. */
export interface TurnEventsOptions {
  readonly context: Pick<RunContext, "emit" | "preview">;
  readonly clock: Clock;
  readonly levelOf: (tool: string) => ToolLevel;
  /** The sums to show after a step. */
  readonly usage: () => Readonly<Record<string, unknown>>;
  /** Tokens that the model takes at once. */
  readonly window: number;
}

const longestWaitMs = 1_000;

interface OpenText {
  readonly message_id: string;
  readonly kind: "assistant" | "reasoning";
  text: string;
}

/** Makes a run's events of the parts of its streams: one object for the whole run, so that turns and ids go on counting. */
export class TurnEvents {
  readonly #options: TurnEventsOptions;
  readonly #open = new Map<string, OpenText>();
  /** Ids whose text a failed call has begun; its repetition begins them anew. */
  readonly #dropped: Record<OpenText["kind"], string[]> = { assistant: [], reasoning: [] };
  readonly #pending = new Map<string, AnnouncedCall>();
  /** Decisions that wait until the stream has been told up to their call. */
  readonly #awaited = new Map<string, () => void>();
  readonly #denied = new Map<string, string>();
  readonly #denials: PermissionDenial[] = [];
  /** What is wrong with invalid calls. */
  readonly #problems = new Map<string, string>();
  readonly #durations = new Map<string, number>();
  readonly #warned = new Set<string>();
  #turn = 0;
  #messages = 0;
  #users = 0;
  #turnStartedAt = 0;
  /** Parts of this call and of those before it belong to an attempt that failed. */
  #failedCall = 0;
  #invalidInARow = 0;
  #lastText: string | undefined;

  constructor(options: TurnEventsOptions) {
    this.#options = options;
  }

  get turn(): number {
    return this.#turn;
  }

  /** The last thing the model said. */
  get lastText(): string | undefined {
    return this.#lastText;
  }

  /** Calls in a row that no tool could take. */
  get invalidInARow(): number {
    return this.#invalidInARow;
  }

  /** The calls that were not allowed to run. */
  get denials(): readonly PermissionDenial[] {
    return this.#denials;
  }

  async user(text: string, inputId?: string): Promise<void> {
    const message_id = `u${(this.#users += 1)}`;
    await this.#options.context.emit("user.message", { message_id, text, ...(inputId !== undefined && { input_id: inputId }) });
  }

  /** Forgets what a failed call has begun to say. */
  dropCall(call: number): void {
    this.#failedCall = call;
    for (const [partId, { kind, message_id }] of this.#open) {
      this.#open.delete(partId);
      this.#dropped[kind].push(message_id);
    }
  }

  /**
   * Resolves when the call has been told, and all that was said before it. The SDK decides about a call while what
   * comes before it is still on its way to us.
   */
  async reached(call: AnnouncedCall, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (!this.#pending.has(call.call_id) && !signal.aborted) {
      this.#awaited.set(call.call_id, resolve);
      // An SDK that held the call back until it is decided would make both wait.
      const stop = this.#options.clock.schedule(resolve, longestWaitMs);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      stop();
    }
    await this.#announce(call);
  }

  /** Shows a call, once, before it is asked for or run. */
  async #announce(call: AnnouncedCall): Promise<void> {
    const { call_id, name, args, invalid } = call;
    if (this.#pending.has(call_id)) return;
    this.#pending.set(call_id, call);
    await this.#options.context.emit("tool.call", {
      call_id,
      name,
      args: isObject(args) ? args : {},
      level: this.#options.levelOf(name),
      ...(invalid && { invalid }),
    });
    this.#awaited.get(call_id)?.();
    this.#awaited.delete(call_id);
  }

  /** Notes why a call will not run. */
  deny(callId: string, reason: string): void {
    this.#denied.set(callId, reason);
  }

  /** Notes how long a call ran. */
  ran(callId: string, durationMs: number): void {
    this.#durations.set(callId, Math.round(durationMs));
  }

  /** Tells one part; what it answers has to be awaited. For growing text, by far the most parts, that is nothing. */
  take(part: StreamPart): Promise<void> | undefined {
    switch (part.type) {
      case "text-delta":
      case "reasoning-delta":
        this.#grow(part.id, part.text);
        return undefined;
      case "text-start":
      case "reasoning-start":
        if (callOf(part.id) > this.#failedCall) this.#begin(part.id, part.type === "text-start" ? "assistant" : "reasoning");
        return undefined;
      case "text-end":
      case "reasoning-end":
        return this.#finish(part.id);
      case "start-step":
        return this.#startTurn(part.warnings);
      case "finish-step":
        return this.#finishTurn(part.finishReason, part.usage.inputTokens, part.usage.outputTokens);
      case "tool-call":
        this.#invalidInARow = part.invalid ? this.#invalidInARow + 1 : 0;
        if (part.invalid) this.#problems.set(part.toolCallId, problemOf(part));
        return this.#announce({ call_id: part.toolCallId, name: part.toolName, args: part.input, ...(part.invalid && { invalid: true }) });
      case "tool-result":
        return part.preliminary ? undefined : this.#result(part.toolCallId, part.output as ToolResult);
      case "tool-error":
        return this.#failed(part.toolCallId, part.error);
      case "tool-output-denied":
        return this.#refused(part.toolCallId, this.#denied.get(part.toolCallId) ?? "denied");
      default:
        return undefined;
    }
  }

  /** Answers the calls that the end of the stream has left without a result. */
  async closeCalls(reason: string): Promise<void> {
    for (const { call_id } of [...this.#pending.values()]) {
      if (this.#denied.has(call_id)) await this.#refused(call_id, this.#denied.get(call_id) as string);
      else await this.#result(call_id, { ok: false, text: reason, error: reason });
    }
  }

  async #startTurn(warnings: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    this.#messages = 0;
    this.#turnStartedAt = this.#options.clock.monotonic();
    await this.#options.context.emit("turn.started", { turn: (this.#turn += 1) });
    for (const warning of warnings) await this.#warn(warning);
  }

  async #failed(callId: string, error: unknown): Promise<void> {
    const text = this.#problems.get(callId) ?? describe(error);
    await this.#result(callId, { ok: false, text, error: text.replace(/^error: /, "") });
  }

  #begin(partId: string, kind: OpenText["kind"]): void {
    const message_id = this.#dropped[kind].shift() ?? `m${this.#turn}_${(this.#messages += 1)}`;
    this.#open.set(partId, { message_id, kind, text: "" });
  }

  #grow(partId: string, text: string): void {
    const open = this.#open.get(partId);
    if (!open || text === "") return;
    this.#options.context.preview(`${open.kind}.delta`, { message_id: open.message_id, offset: open.text.length, text });
    open.text += text;
  }

  async #finish(partId: string): Promise<void> {
    const open = this.#open.get(partId);
    this.#open.delete(partId);
    if (!open || open.text.trim() === "") return;
    const { kind, message_id, text } = open;
    if (kind === "assistant") this.#lastText = text;
    await this.#options.context.emit(`${kind}.message`, { message_id, text, turn: this.#turn });
  }

  async #result(callId: string, { ok, text, output = text, error, exit_code }: ToolResult): Promise<void> {
    const call = this.#pending.get(callId);
    if (!call) return;
    this.#pending.delete(callId);
    const duration_ms = this.#durations.get(callId);
    this.#durations.delete(callId);
    this.#problems.delete(callId);
    await this.#options.context.emit("tool.result", {
      call_id: callId,
      name: call.name,
      ok,
      output,
      ...(error !== undefined && { error }),
      ...(duration_ms !== undefined && { duration_ms }),
      ...(exit_code !== undefined && { exit_code }),
    });
  }

  async #refused(callId: string, deny_reason: string): Promise<void> {
    const call = this.#pending.get(callId);
    if (!call) return;
    this.#pending.delete(callId);
    this.#denied.delete(callId);
    this.#denials.push({ call_id: callId, tool: call.name, reason: deny_reason });
    await this.#options.context.emit("tool.result", { call_id: callId, name: call.name, ok: false, denied: true, deny_reason });
  }

  async #finishTurn(finish_reason: FinishReason, input: number | undefined, output: number | undefined): Promise<void> {
    const { context, clock, usage, window } = this.#options;
    const tokens = { ...(input !== undefined && { input_tokens: input }), ...(output !== undefined && { output_tokens: output }) };
    await context.emit("turn.completed", {
      turn: this.#turn,
      finish_reason,
      ...(Object.keys(tokens).length > 0 && { usage: tokens }),
      duration_ms: Math.round(clock.monotonic() - this.#turnStartedAt),
    });
    const sums = usage();
    if (Object.keys(sums).length === 0) return;
    const used = (input ?? 0) + (output ?? 0);
    await context.emit("usage.updated", { ...sums, ...(input !== undefined && { context: { used, size: window } }) });
  }

  /** The SDK tells the same warning at every call; it is news once. */
  async #warn(warning: Readonly<Record<string, unknown>>): Promise<void> {
    const { type, feature, setting, details, message } = warning;
    const text = [message ?? feature ?? setting, details].filter((piece) => typeof piece === "string").join(": ") || String(type);
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    await noticesOf(this.#options.context)("warning", "model_warning", text);
  }
}
