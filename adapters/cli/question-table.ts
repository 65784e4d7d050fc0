import type { Question } from "../../lib/questions/schema.js";
import { formatTable, shorten } from "./table.js";

const header = ["QUESTION", "FROM", "SCOPE", "KIND", "DEADLINE", "PROMPT"] as const;
const promptColumns = 60;

/** Questions as a table. */
export function questionTable(questions: readonly Question[]): string {
  return formatTable(header, questions.map(toRow));
}

function toRow({ question_id, run_id, from_peer_id, origin, scope, kind, deadline, prompt }: Question): string[] {
  return [question_id, run_id ?? from_peer_id ?? origin ?? "", scope, kind, deadline, shorten(prompt, promptColumns)];
}
