import { transcriptOf } from "../messages.js";
import type { ToolsetOptions } from "../toolset.js";
import type { NewThread, ThreadStore } from "./thread-store.js";

type ThreadService = NonNullable<ToolsetOptions["threads"]>;

const searched = 200;
const titleWeight = 5;

/** The threads of one workspace for the tools of a run whose own thread is `from`. */
export function createThreadService(threads: ThreadStore, details: NewThread, from?: string): ThreadService {
  const { cwd } = details;
  const textOf = (id: string): string => threads.read(cwd, id).map(transcriptOf).join("\n\n");
  return {
    async find(query, limit) {
      const words = query.toLowerCase().split(/\s+/).filter(Boolean);
      const fit = (text: string): number => words.filter((word) => text.toLowerCase().includes(word)).length;
      const others = threads.list(cwd).filter(({ session_id }) => session_id !== from);
      return others
        .slice(0, searched)
        .map((info) => ({ info, score: titleWeight * fit(info.title) + fit(textOf(info.session_id)) }))
        .filter(({ score }) => score > 0)
        .sort((a, b) => b.score - a.score)
        .slice(0, limit)
        .map(({ info: { session_id, title, updated_at } }) => ({ session_id, title, updated_at }));
    },
    async read(sessionId, offset, limit) {
      if (!threads.has(cwd, sessionId)) return undefined;
      const messages = threads.read(cwd, sessionId);
      const shown = messages
        .slice(offset, offset + limit)
        .map(transcriptOf)
        .join("\n\n");
      const left = messages.length - offset - limit;
      return left > 0 ? `${shown}\n\n[${left} more messages, from offset ${offset + limit}]` : shown;
    },
    create: async (text) => threads.handOff({ ...details, ...(from !== undefined && { from }), text }),
  };
}
