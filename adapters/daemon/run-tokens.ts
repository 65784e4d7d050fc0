import { isTerminal, type Log, type RunManager, type RunStatus, type Tokens } from "../../lib/index.js";
import type { Redaction } from "./redaction.js";

/** Gives each run a token of its own, so that its processes find and may call the daemon as that run. */
export interface RunTokens {
  /** A new token; `undefined` where there is no TCP port to present it at. */
  issue(runId: string): Promise<string | undefined>;
  /** Ends the tokens of runs as they end; to be called before the manager opens. */
  follow(manager: RunManager): void;
  /** Ends the tokens of runs that ended while nobody looked. */
  tidy(manager: RunManager): Promise<void>;
}

/** What run tokens are made of. */
export interface RunTokensOptions {
  readonly tokens: Tokens;
  readonly redaction: Redaction;
  readonly log: Log;
  /** Our TCP port; known once the listeners are open, and runs may start before that. */
  readonly port: Promise<number | undefined>;
}

/** The tokens of runs: dead when their run ends, and never shown in its events. */
export function createRunTokens({ tokens, redaction, log, port }: RunTokensOptions): RunTokens {
  const forgets = new Map<string, () => void>();

  async function end(runId: string): Promise<void> {
    forgets.get(runId)?.();
    forgets.delete(runId);
    try {
      await tokens.endRun(runId);
    } catch (error) {
      // The store is closed or full: the token is void in memory, its record goes at the next start.
      log("debug", "run_token.kept", { run_id: runId, error: String(error) });
    }
  }

  return {
    async issue(runId) {
      const known = await port;
      if (known === undefined) return undefined;
      const token = await tokens.createForRun(runId, `anode_at_${known}_`);
      forgets.get(runId)?.();
      forgets.set(runId, redaction.add({ run_token: token }));
      return token;
    },
    follow(manager) {
      manager.on("run", ({ id, status }) => void (isTerminal(status) && end(id)));
    },
    async tidy(manager) {
      const bound = new Set(tokens.list().flatMap(({ run_id }) => run_id ?? []));
      for (const runId of bound) {
        const run = await manager.get(runId).catch(() => undefined);
        if (!run || isTerminal(run.status as RunStatus)) await end(runId);
      }
    },
  };
}
