import { isAnodeError } from "../../lib/errors.js";
import type { Question } from "../../lib/questions/schema.js";
import type { ApprovalMode, RunRequest } from "../../lib/runs/schema.js";
import { type FollowedRun, followRun } from "./follow-run.js";
import type { RunsClient } from "./runs-client.js";
import type { PromptResponse, SessionUpdate } from "./sdk.js";
import { createUpdateProjector } from "./to-updates.js";

/** One session of an editor: its prompts are runs of one thread. */
export interface EditorSession {
  /** Starts a run, or hands the prompt to the one that works; resolves when its task is done. */
  prompt(text: string): Promise<PromptResponse>;
  /** Cancels the run, if one works. */
  cancel(): Promise<void>;
  /** Holds from the next run on. */
  setMode(mode: ApprovalMode): void;
  /** Shows what the thread's runs did so far. */
  replay(): Promise<void>;
}

/** What a session is made of. */
export interface EditorSessionParts {
  readonly client: RunsClient;
  readonly cwd: string;
  readonly profile: string | undefined;
  /** The thread to go on with. */
  readonly thread: string | undefined;
  readonly tell: (update: SessionUpdate) => void;
  readonly takesNotices: boolean;
  /** Puts questions to the editor; absent where others answer them. */
  readonly put?: (question: Question, closed: AbortSignal) => void;
  /** Hears of the thread as soon as there is one. */
  readonly named: (thread: string) => void;
  readonly signal: AbortSignal;
}

/** Runs of a thread that are shown again at most. */
const replayedRuns = 100;

/** A session without a run. */
export function createEditorSession(parts: EditorSessionParts): EditorSession {
  const { client, cwd, profile, tell, takesNotices, put, signal } = parts;
  let { thread } = parts;
  let mode: ApprovalMode | undefined;
  let spent = 0;
  let active: Promise<FollowedRun> | undefined;

  async function start(prompt: string): Promise<FollowedRun> {
    const request: RunRequest = {
      prompt,
      cwd,
      ...(profile !== undefined && { profile }),
      ...(mode !== undefined && { approval_mode: mode }),
      ...(thread !== undefined && { session_id: thread }),
    };
    const { run_id } = await client.runs.start(request);
    const projector = createUpdateProjector({ tell, takesNotices, isReplay: false, spentBefore: spent });
    let cost = 0;
    const run = followRun(run_id, {
      client,
      projector,
      signal,
      ...(put && { put }),
      noted({ session_id, cost_usd }) {
        cost = cost_usd ?? cost;
        if (session_id === undefined || session_id === thread) return;
        thread = session_id;
        parts.named(session_id);
      },
    });
    void run.over.then(() => {
      spent += cost;
      active = undefined;
    });
    return run;
  }

  async function prompt(text: string): Promise<PromptResponse> {
    if (!active) {
      active = start(text);
      active.catch(() => (active = undefined));
      return (await active).first;
    }
    const running = await active;
    try {
      const { input_id } = await client.runs.input({ id: running.id, text, delivery: "queue" });
      return await running.task(input_id);
    } catch (error) {
      if (!isAnodeError(error) || error.code !== "run_finished") throw error;
      // It has just ended: the prompt is the next run.
      await running.over;
      return prompt(text);
    }
  }

  return {
    prompt,
    async cancel() {
      const run = await active?.catch(() => undefined);
      // It may have ended by itself meanwhile.
      if (run) await client.runs.cancel({ id: run.id }).catch(() => {});
    },
    setMode(chosen) {
      mode = chosen;
    },
    async replay() {
      if (thread === undefined) return;
      const { runs } = await client.runs.list({ session_id: thread, limit: replayedRuns });
      for (const { id } of [...runs].reverse()) {
        const projector = createUpdateProjector({ tell, takesNotices, isReplay: true, spentBefore: spent });
        for await (const event of client.runs.attach(id, { follow: false, signal })) projector.see(event);
      }
    },
  };
}
