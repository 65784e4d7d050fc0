import { AnodeError } from "../errors.js";
import type { Clock } from "../host.js";
import type { Outcome, RunContext, RunInput } from "../runs/executor.js";
import { type Ai, type FinishReason, type PrepareStep, type SdkModel, startStream, type Step, type WrappedModel } from "./ai-sdk.js";
import { compact, type CompactionRules } from "./compaction.js";
import type { Conversation } from "./conversation.js";
import { describe, isOverflow, statusOf, toFailure } from "./failures.js";
import { createModelGate, type ModelGate } from "./model-gate.js";
import type { ResolvedModel } from "./providers/provider.js";
import type { Retry } from "./retry.js";
import { createTextTools } from "./text-tools.js";
import { createToolBridge, type ToolBridge } from "./tool-bridge.js";
import type { Toolset } from "./toolset.js";
import type { TurnEvents } from "./turn-events.js";
import type { UsageMeter } from "./usage.js";

/** Everything that one run of the loop works with. */
export interface LoopOptions {
  readonly context: RunContext;
  readonly ai: Ai;
  readonly model: SdkModel;
  readonly resolved: Pick<ResolvedModel, "firstByteMs" | "idleMs" | "maxRetries" | "toolCalling" | "maxOutput">;
  readonly conversation: Conversation;
  readonly toolset: Toolset;
  readonly events: TurnEvents;
  readonly meter: UsageMeter;
  readonly clock: Clock;
  readonly random: () => number;
  /** What the instructions begin with; guidance follows. */
  readonly prompt: string;
  readonly maxTurns: number;
  /** 1 … 5 */
  readonly effort: number;
  readonly compaction: CompactionRules;
}

const toolCallConcurrency = 4;
const invalidCallsInARow = 3;
const efforts = ["minimal", "low", "medium", "high", "xhigh"] as const;

/** A task that has come to its end. */
type Ended = Pick<Outcome, "status" | "stop_reason"> & { readonly error?: unknown };

/**
 * The loop of one run: prompt, then steps of model and tools until the model is done, then the next input, until there is
 * none. After an abort it settles when the last running tool has.
 */
export class AgentLoop {
  readonly #options: LoopOptions;
  readonly #gaveUp = new AbortController();
  readonly #signal: AbortSignal;
  readonly #gate: ModelGate;
  readonly #model: WrappedModel;
  readonly #bridge: ToolBridge;
  /** Inputs in the conversation that no call has carried to the model yet. */
  #undelivered: RunInput[] = [];
  /** Steps since the last queued input. */
  #steps = 0;
  #hasRepeatedStep = false;

  constructor(options: LoopOptions) {
    this.#options = options;
    const { ai, model, context, toolset, events, clock, resolved } = options;
    this.#signal = AbortSignal.any([context.signal, this.#gaveUp.signal]);
    this.#gate = this.#newGate(() => this.#deliver());
    const middleware = [...(resolved.toolCalling === "text" ? [createTextTools()] : []), this.#gate.middleware];
    this.#model = ai.wrapLanguageModel({ model, middleware });
    this.#bridge = createToolBridge({ ai, context, toolset, events, signal: this.#signal, monotonic: clock.monotonic });
  }

  /** Works on the prompt and on every input after it. */
  async run(): Promise<Outcome> {
    const { context, events } = this.#options;
    const { prompt } = context.request;
    try {
      const asked = await this.#submit(prompt);
      if (asked === undefined) return this.#outcome(failed(this.#gaveUp.signal.reason));
      await events.user(prompt);
      for (let ended = await this.#task(); ; ended = await this.#task()) {
        if (ended.status === "failed" || this.#signal.aborted) return this.#outcome(ended);
        const input = await context.input.next({ signal: this.#signal });
        if (!input) return this.#outcome(ended);
        if (input.delivery === "queue") this.#steps = 0;
        if (!(await this.#receive(input))) return this.#outcome(failed(this.#gaveUp.signal.reason));
      }
    } finally {
      this.#options.conversation.write();
      for (const input of this.#undelivered) input.putBack();
    }
  }

  /** Streams until the model is done. What no longer fits is made shorter, once. */
  async #task(): Promise<Ended> {
    let hasOverflowed = false;
    for (;;) {
      const left = this.#options.maxTurns - this.#steps;
      if (left <= 0) return failed(turnLimit(this.#options.maxTurns));
      const ended = await this.#stream(left);
      if (!isOverflow(ended.error) || hasOverflowed || this.#signal.aborted) return ended;
      hasOverflowed = true;
      if (!(await this.#compact("overflow"))) return ended;
    }
  }

  async #stream(turnsLeft: number): Promise<Ended> {
    const { ai, conversation, events, resolved, effort } = this.#options;
    let finish: FinishReason | undefined;
    let error: unknown;
    try {
      const parts = startStream(ai, {
        model: this.#model,
        messages: conversation.toModel(),
        tools: this.#bridge.tools,
        stopWhen: ai.isStepCount(turnsLeft),
        prepareStep: this.#prepareStep,
        toolApproval: ({ toolCall }) => this.#bridge.authorize(toolCall),
        toolCallConcurrency: resolved.toolCalling === "text" ? 1 : toolCallConcurrency,
        maxRetries: 0,
        streamRetries: 1,
        reasoning: efforts[effort - 1] ?? "medium",
        ...(resolved.maxOutput !== undefined && { maxOutputTokens: resolved.maxOutput }),
        // What a conversation needs to go on is in our thread, not in the provider's store.
        providerOptions: { openai: { store: false } },
        abortSignal: this.#signal,
        onError: ({ error: streamError }) => this.#repeats(streamError),
        onStepEnd: (step) => this.#stepEnded(step),
      });
      for await (const part of parts) {
        if (part.type === "error") error ??= part.error;
        if (part.type === "finish-step") finish = part.finishReason;
        const told = events.take(part);
        if (told) await told;
        if (part.type === "tool-call") this.#judgeCall();
      }
    } catch (streamError) {
      error ??= streamError;
    }
    await this.#bridge.settled();
    const isCut = this.#signal.aborted || error !== undefined;
    if (isCut) await events.closeCalls(this.#signal.aborted ? "canceled" : "the model failed");
    if (this.#gaveUp.signal.aborted) return failed(this.#gaveUp.signal.reason);
    if (this.#signal.aborted) return { status: "failed", stop_reason: "canceled", error: this.#signal.reason };
    return error === undefined ? this.#finished(finish) : failed(error);
  }

  #judgeCall(): void {
    if (this.#options.events.invalidInARow < invalidCallsInARow) return;
    this.#gaveUp.abort(new AnodeError("invalid_tool_calls", `The model made ${invalidCallsInARow} unusable tool calls in a row.`));
  }

  readonly #prepareStep: PrepareStep = async () => {
    const { context, conversation, toolset, prompt, compaction } = this.#options;
    this.#hasRepeatedStep = false;
    for (let steer = context.input.take("steer"); steer; steer = context.input.take("steer")) {
      if (!(await this.#receive(steer))) break;
    }
    if (compaction.enabled && conversation.estimatedTokens > compaction.threshold * compaction.window) await this.#compact("threshold");
    const instructions = [prompt, await toolset.guidance()].filter((text) => text !== "").join("\n\n");
    return { instructions, messages: conversation.toModel() };
  };

  #stepEnded(step: Step): void {
    this.#steps += 1;
    // A step that failed is no turn: what it brought is not gone on with.
    if (step.finishReason === "error" || step.finishReason === "interrupted") return;
    this.#options.conversation.addTurn(step);
  }

  /** Takes a follow-up into the conversation; a rejected one ends the run. */
  async #receive(input: RunInput): Promise<boolean> {
    this.#undelivered.push(input);
    return (await this.#submit(input.text)) !== undefined;
  }

  /** Shows a text to the hooks and adds it; `undefined` when one has rejected it. */
  async #submit(text: string): Promise<string | undefined> {
    const { toolset, conversation } = this.#options;
    const { reject, context: added } = await toolset.hook("UserPromptSubmit", { prompt: text });
    if (reject !== undefined) {
      this.#gaveUp.abort(new AnodeError("prompt_rejected", `A hook rejected the prompt: ${reject}`));
      return undefined;
    }
    const whole = added === undefined ? text : `${text}\n\n${added}`;
    conversation.addUser(whole);
    return whole;
  }

  /** The first call with an input in it begins: the agent has it. */
  async #deliver(): Promise<void> {
    for (const input of this.#undelivered.splice(0)) {
      await input.delivered();
      await this.#options.events.user(input.text, input.input_id);
    }
  }

  /** The SDK reruns a step once when the stream itself reports an error after it began. */
  async #repeats(error: unknown): Promise<void> {
    if (this.#hasRepeatedStep || this.#gate.hasRefused(error)) return;
    this.#hasRepeatedStep = true;
    this.#options.events.dropCall(this.#gate.lastCall());
    await this.#tellRetry({ attempt: 1, max_attempts: 1, delay_ms: 0, error });
  }

  async #tellRetry({ error, ...numbers }: Retry): Promise<void> {
    const status_code = statusOf(error);
    await this.#options.context.emit("model.retry", {
      ...numbers,
      reason: describe(error),
      ...(status_code !== undefined && { status_code }),
    });
  }

  async #compact(trigger: "threshold" | "overflow"): Promise<boolean> {
    const { ai, model, context, conversation, toolset, compaction } = this.#options;
    const plain = ai.wrapLanguageModel({ model, middleware: this.#newGate(async () => {}).middleware });
    const { reject } = await toolset.hook("PreCompact", { before_tokens: conversation.estimatedTokens });
    if (reject !== undefined) return false;
    const sizes = await compact({ ai, model: plain, conversation, rules: compaction, trigger, signal: this.#signal });
    if (sizes) await context.emit("context.compacted", { trigger, ...sizes });
    return sizes !== undefined;
  }

  #newGate(onCall: () => Promise<void>): ModelGate {
    const { clock, random, resolved, meter } = this.#options;
    const { firstByteMs, idleMs, maxRetries } = resolved;
    const onRetry = (retry: Retry): Promise<void> => this.#tellRetry(retry);
    return createModelGate({ clock, random, firstByteMs, idleMs, maxRetries, onCall, onRetry, onUsage: (usage) => meter.add(usage) });
  }

  #finished(reason: FinishReason | undefined): Ended {
    switch (reason) {
      case "stop":
        return { status: "completed", stop_reason: "end_turn" };
      case "length":
        return { status: "completed", stop_reason: "output_limit" };
      case "content-filter":
        return failed(new AnodeError("refusal", "The model refused to answer."));
      case "tool-calls":
        return failed(turnLimit(this.#options.maxTurns));
      default:
        return failed(new AnodeError("model_error", `The model's answer ended without being finished (${reason ?? "no reason"}).`));
    }
  }

  #outcome({ status, stop_reason, error }: Ended): Outcome {
    const { events } = this.#options;
    const result = events.lastText;
    const failure = error === undefined ? undefined : toFailure(error);
    return {
      status,
      stop_reason,
      ...(events.turn > 0 && { num_turns: events.turn }),
      ...(result !== undefined && { result }),
      ...(events.denials.length > 0 && { permission_denials: events.denials }),
      ...(failure && { error: failure.message, error_code: failure.code }),
    };
  }
}

function failed(error: unknown): Ended {
  const { code } = toFailure(error);
  return { status: "failed", stop_reason: code === "max_turns" || code === "refusal" ? code : "error", error };
}

function turnLimit(maxTurns: number): AnodeError {
  return new AnodeError("max_turns", `The limit of ${maxTurns} turns was reached.`);
}
