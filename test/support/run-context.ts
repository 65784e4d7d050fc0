import { AnodeError } from "../../lib/errors.js";
import type { RunContext, RunInput } from "../../lib/runs/executor.js";
import type { NormalRequest } from "../../lib/runs/normal-request.js";
import type { RunSummary } from "../../lib/runs/schema.js";

/** One recorded event. */
export interface Emitted {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** When it came, in milliseconds of the monotonic clock. */
  readonly at: number;
}

/** A run context that keeps what it is told, with handles for the test. */
export interface FakeRun {
  readonly context: RunContext;
  readonly events: Emitted[];
  /** The texts of one output stream, joined. */
  output(stream: "stdout" | "stderr" | "tty"): string;
  of(type: string): Emitted[];
  /** Resolves with the first event that matches, past ones included. */
  seen(matches: (event: Emitted) => boolean): Promise<Emitted>;
  abort(): void;
  /** Adds a follow-up; resolves when it was delivered. */
  say(text: string): Promise<void>;
  idles: number;
}

/** Settings of {@link createFakeRun}. */
export interface FakeRunOptions {
  readonly id?: string;
  /** Replaces the recording of events. */
  readonly emit?: (type: string, payload: object) => Promise<number>;
}

let count = 0;

/** Makes a run whose request is completed with defaults. */
export function createFakeRun(request: Partial<NormalRequest>, options: FakeRunOptions = {}): FakeRun {
  const id = options.id ?? `R-${process.pid}${Date.now()}_${(count += 1)}`;
  const abort = new AbortController();
  const waiting: { item: RunInput; resolve: () => void }[] = [];
  const watchers = new Set<(event: Emitted) => void>();
  let wakeInput = (): void => {};
  const events: Emitted[] = [];
  const notHere = () => Promise.reject(new Error("Not part of this fake."));
  const run: FakeRun = {
    events,
    idles: 0,
    output: (stream) =>
      run
        .of("process.output")
        .flatMap(({ payload }) => (payload["stream"] === stream ? [payload["text"] as string] : []))
        .join(""),
    of: (type) => events.filter((event) => event.type === type),
    seen: (matches) =>
      new Promise((resolve) => {
        const past = events.find(matches);
        if (past) return resolve(past);
        const watch = (event: Emitted): void => {
          if (!matches(event)) return;
          watchers.delete(watch);
          resolve(event);
        };
        watchers.add(watch);
      }),
    abort: () => abort.abort(new AnodeError("canceled", "Canceled by the test.")),
    say: (text) =>
      new Promise((resolve) => {
        const item: RunInput = {
          input_id: `I-${waiting.length}`,
          delivery: "queue",
          text,
          delivered: async () => resolve(),
          putBack: () => waiting.unshift({ item, resolve }),
        };
        waiting.push({ item, resolve });
        wakeInput();
      }),
    context: {
      run: { id } as RunSummary,
      request: { prompt: "", profile: "", approval_mode: "ask", key: "test", priority: 0, ...request },
      signal: abort.signal,
      async emit(type, payload) {
        if (options.emit) return options.emit(type, payload);
        const event = { type, payload: payload as Emitted["payload"], at: performance.now() };
        events.push(event);
        for (const watch of watchers) watch(event);
        return events.length;
      },
      preview: () => {},
      ask: notHere,
      start: notHere,
      idle: () => {
        run.idles += 1;
      },
      input: {
        take: () => undefined,
        async next({ signal } = {}) {
          while (waiting.length === 0 && !signal?.aborted) {
            await new Promise<void>((resolve) => {
              wakeInput = resolve;
              signal?.addEventListener("abort", () => resolve(), { once: true });
            });
          }
          return signal?.aborted ? undefined : waiting.shift()?.item;
        },
      },
    },
  };
  return run;
}
