import type { Clock } from "../host.js";
import type { CallParams, Middleware, ModelPart, ModelStream, ModelUsage } from "./ai-sdk.js";
import { isRetryable, SilentModelError } from "./failures.js";
import { type Retry, withRetries } from "./retry.js";
import { createSilenceWatch } from "./silence.js";

/** What the gate tells and asks. */
export interface GateOptions {
  readonly clock: Clock;
  /** From 0 to 1, for the spread of retries. */
  readonly random: () => number;
  readonly firstByteMs: number;
  readonly idleMs: number;
  readonly maxRetries: number;
  /** A call is about to be made. */
  readonly onCall: () => Promise<void>;
  readonly onRetry: (retry: Retry) => Promise<void>;
  /** A call has reported what it used. */
  readonly onUsage: (usage: ModelUsage) => void;
}

/** A gate and what it knows. */
export interface ModelGate {
  readonly middleware: Middleware;
  /** The number of the call made last. */
  lastCall(): number;
  /** True for the error of a call that brought no output: what can be repeated of it has been. */
  hasRefused(error: unknown): boolean;
}

/** Parts that come before a model has said anything. */
const preamble = new Set<ModelPart["type"]>(["stream-start", "response-metadata", "raw", "ping", "custom"]);

/** The number of the call that a text or reasoning part came from, as the gate has put it into the part's id. */
export function callOf(partId: string): number {
  return Number.parseInt(partId, 10);
}

/**
 * Stands between the SDK and a model. A call that fails before its first output is repeated; one that falls silent is
 * ended; ids of text parts begin with the number of their call, so that what a failed call said can be told from what its
 * repetition says; usage is counted at its source, so that no call is left out.
 */
export function createModelGate(options: GateOptions): ModelGate {
  let calls = 0;
  const refusals = new Set<unknown>();
  return {
    lastCall: () => calls,
    hasRefused: (error) => refusals.has(error),
    middleware: {
      specificationVersion: "v4",
      async wrapStream({ model, params }) {
        await options.onCall();
        const call = (): Promise<ModelStream> =>
          open((signal) => model.doStream({ ...params, abortSignal: signal }), (calls += 1), params, options);
        try {
          return await withRetries(call, options, params.abortSignal);
        } catch (error) {
          refusals.add(error);
          throw error;
        }
      },
    },
  };
}

/** Makes one call and waits for the first thing the model says. */
async function open(
  start: (signal: AbortSignal) => PromiseLike<ModelStream>,
  call: number,
  { abortSignal }: CallParams,
  { clock, firstByteMs, idleMs, onUsage }: GateOptions,
): Promise<ModelStream> {
  const ended = new AbortController();
  let hasBegun = false;
  let fail: (error: unknown) => void = () => {};
  const watch = createSilenceWatch(clock, (limitMs) => {
    const error = new SilentModelError(hasBegun, limitMs);
    fail(error);
    // Whoever listens to the signal closes the connection; who does not has been left anyway.
    ended.abort(error);
  });
  const pass = (part: ModelPart, controller: ReadableStreamDefaultController<ModelPart>): void => {
    if (part.type === "finish") onUsage(part.usage);
    controller.enqueue(numbered(part, call));
  };
  /** Waits for the first sign of the model, no longer than it may be silent. */
  const heard = <Value>(promise: PromiseLike<Value>): Promise<Value> =>
    new Promise((resolve, reject) => {
      fail = reject;
      watch.wait(firstByteMs);
      promise.then((value) => {
        watch.rest();
        resolve(value);
      }, reject);
    });

  try {
    const signal = abortSignal ? AbortSignal.any([abortSignal, ended.signal]) : ended.signal;
    const opened = await heard(start(signal));
    const reader = opened.stream.getReader();
    const first: ModelPart[] = [];
    while (!hasBegun) {
      const { done, value } = await heard(reader.read());
      hasBegun = done || !preamble.has(value.type);
      if (!done) first.push(value);
    }
    throwEarly(first);
    const stream = new ReadableStream<ModelPart>({
      start(controller) {
        fail = (error) => controller.error(error);
        for (const part of first) pass(part, controller);
      },
      // Once for every chunk: no more than one promise here.
      pull(controller) {
        watch.wait(idleMs);
        return reader.read().then(
          ({ done, value }) => {
            watch.rest();
            if (!done) return pass(value, controller);
            watch.stop();
            controller.close();
          },
          (error: unknown) => {
            watch.stop();
            throw error;
          },
        );
      },
      async cancel(reason) {
        watch.stop();
        await reader.cancel(reason);
      },
    });
    return { ...opened, stream };
  } catch (error) {
    watch.stop();
    throw error;
  }
}

/** A passing refusal that comes as the first part of a stream is one like any other. */
function throwEarly(parts: readonly ModelPart[]): void {
  const last = parts.at(-1);
  if (last?.type === "error" && isRetryable(last.error)) throw last.error;
}

function numbered(part: ModelPart, call: number): ModelPart {
  switch (part.type) {
    case "text-start":
    case "text-delta":
    case "text-end":
    case "reasoning-start":
    case "reasoning-delta":
    case "reasoning-end":
      return { ...part, id: `${call}.${part.id}` };
    default:
      return part;
  }
}
