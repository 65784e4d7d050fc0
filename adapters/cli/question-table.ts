import type { Question } from "../../lib/questions/schema.js";
import type { Client } from "../client/index.js";
import { formatTable, shorten } from "./table.js";

const header = ["QUESTION", "FROM", "SCOPE", "KIND", "DEADLINE", "PROMPT"] as const;
const promptColumns = 60;

/** Questions as a table; peers that ask by their names, as far as those are known. */
export async function questionTable(client: Client, questions: readonly Question[]): Promise<string> {
  const isAskedByPeer = questions.some(({ run_id, from_peer_id }) => run_id === undefined && from_peer_id !== undefined);
  // Who asks is told by its id where the daemon has no mesh, or none for this caller.
  const { peers } = isAskedByPeer ? await client.peers.list({ limit: 1000 }).catch(() => ({ peers: [] })) : { peers: [] };
  const names = new Map(peers.map(({ peer_id, display_name }) => [peer_id, display_name]));
  const rows = questions.map(({ question_id, run_id, from_peer_id, origin, scope, kind, deadline, prompt }) => {
    const asker = from_peer_id === undefined ? origin : (names.get(from_peer_id) ?? from_peer_id);
    return [question_id, run_id ?? asker ?? "", scope, kind, deadline, shorten(prompt, promptColumns)];
  });
  return formatTable(header, rows);
}
