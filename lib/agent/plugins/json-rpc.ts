import * as z from "zod";
import type { Commands, RunCommand, OpenCommand } from "../../node/index.js";
import { messageOf } from "../../thrown.js";

/** A program that answers JSON-RPC 2.0 over its standard streams, one object a line. */
export interface Peer {
  /** True once it ended, broke the protocol or was too late. */
  readonly isLost: boolean;
  /** Asks and waits. Rejects with what it answered, when it is too late, or when it is lost. */
  call(method: string, params: object, options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<unknown>;
  notify(method: string, params: object): void;
  /** Asks it to shut down, and ends it. */
  close(): Promise<void>;
}

/** Settings of {@link openPeer}. */
export interface PeerOptions {
  readonly commands: Commands;
  readonly command: Omit<RunCommand, "onOutput">;
  /** Time for each answer. */
  readonly timeoutMs: number;
  /** Hears once why it is lost; not when it was closed. */
  readonly lost: (why: string) => void;
  /** What it writes to its error output. */
  readonly onError?: (line: string) => void;
}

const message = z.looseObject({
  id: z.number().exactOptional(),
  result: z.unknown().exactOptional(),
  error: z.looseObject({ message: z.string() }).exactOptional(),
});

const shutdownMs = 1_000;

/** Starts a peer. @throws `spawn_failed` */
export async function openPeer({ commands, command, timeoutMs, lost, onError }: PeerOptions): Promise<Peer> {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let next = 0;
  let isLost = false;
  let isClosed = false;
  let opened: OpenCommand | undefined;

  const lose = (why: string): void => {
    if (isLost) return;
    isLost = true;
    for (const { reject } of waiting.values()) reject(new Error(why));
    waiting.clear();
    if (!isClosed) lost(why);
    void opened?.close();
  };
  const hear = (line: string): void => {
    if (line.trim() === "") return;
    let parsed: z.infer<typeof message>;
    try {
      parsed = message.parse(JSON.parse(line));
    } catch {
      return lose("it wrote a line that is no JSON-RPC message");
    }
    const { error, id, result } = parsed;
    const call = id === undefined ? undefined : waiting.get(id);
    if (id === undefined || !call) return;
    waiting.delete(id);
    if (error) call.reject(new Error(error.message));
    else call.resolve(result);
  };
  const process = await commands.open({ ...command, onLine: hear, ...(onError && { onError }) });
  opened = process;
  void process.ended.then(
    ({ exit_code, signal }) => lose(signal ? `it was ended by ${signal}` : `it left with exit code ${exit_code ?? "unknown"}`),
    (error: unknown) => lose(messageOf(error)),
  );

  const peer: Peer = {
    get isLost() {
      return isLost;
    },
    call(method, params, options = {}) {
      if (isLost) return Promise.reject(new Error("it is disabled for this run"));
      const id = (next += 1);
      return new Promise((resolve, reject) => {
        const limit = options.timeoutMs ?? timeoutMs;
        const timer = setTimeout(() => lose(`it did not answer ${method} within ${limit} ms`), limit);
        const abort = (): void => settle(() => reject(options.signal?.reason as Error));
        const settle = (act: () => void): void => {
          clearTimeout(timer);
          options.signal?.removeEventListener("abort", abort);
          waiting.delete(id);
          act();
        };
        waiting.set(id, { resolve: (value) => settle(() => resolve(value)), reject: (error) => settle(() => reject(error)) });
        options.signal?.addEventListener("abort", abort, { once: true });
        process.send(JSON.stringify({ jsonrpc: "2.0", id, method, params })).catch((error: unknown) => lose(messageOf(error)));
      });
    },
    notify(method, params) {
      if (!isLost) process.send(JSON.stringify({ jsonrpc: "2.0", method, params })).catch(() => {});
    },
    async close() {
      if (!isClosed && !isLost) {
        isClosed = true;
        await peer.call("shutdown", {}, { timeoutMs: shutdownMs }).catch(() => {});
      }
      isClosed = true;
      await process.close();
    },
  };
  return peer;
}
