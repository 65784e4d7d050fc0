import type { StreamEvent } from "../../lib/events/event.js";
import type { Question } from "../../lib/questions/schema.js";
import type { Client } from "../client/client-types.js";
import { type Cell, cell } from "./cell.js";
import type { Feed } from "./feed.js";

/** The questions that are open, and those that were closed while somebody could see them. */
export interface Inbox {
  /** Newest first. */
  readonly questions: Cell<readonly Question[]>;
  /** What to say of the newest question, for those who listen. */
  readonly news: Cell<string>;
  /** Takes closed questions away. */
  clear(): void;
}

const closedKept = 50;

/** Keeps the inbox true by the feed. */
export function openInbox(client: Client, feed: Feed): Inbox {
  const questions = cell<readonly Question[]>([]);
  const news = cell("");
  // What comes while the list is read is newer than the list.
  let meanwhile: StreamEvent[] = [];

  async function load(): Promise<void> {
    meanwhile = [];
    const known = new Map(questions.get().map((question) => [question.question_id, question]));
    const open = await client.questions.all({ status: "open" });
    const ids = new Set(open.map(({ question_id }) => question_id));
    // What was open and is not any more has ended meanwhile: the daemon knows how.
    const ended = [...known.values()].filter(({ question_id, status }) => status === "open" && !ids.has(question_id));
    const told = await Promise.all(ended.map(({ question_id }) => client.questions.get({ id: question_id }).catch(() => undefined)));
    const closed = [...known.values()].filter(({ status }) => status === "closed");
    questions.set([...open, ...told.filter((question) => question !== undefined), ...closed]);
    for (const event of meanwhile) apply(event);
  }

  function apply(event: StreamEvent): void {
    const payload = event.payload as unknown as Question;
    if (event.type === "question.asked") {
      const asked = { ...payload, ...ownerOf(event), status: "open" as const };
      questions.set([asked, ...questions.get().filter(({ question_id }) => question_id !== asked.question_id)]);
    }
    if (event.type === "question.closed") {
      const ending = { ...payload, status: "closed" as const, closed_at: event.time };
      const now = questions.get().map((question) => (question.question_id === payload.question_id ? { ...question, ...ending } : question));
      const closed = now.filter(({ status }) => status === "closed").slice(0, closedKept);
      questions.set(now.filter((question) => question.status === "open" || closed.includes(question)));
    }
  }

  feed.on((event) => {
    if (event.type.startsWith("question.")) meanwhile.push(event);
    apply(event);
    if (event.type === "question.asked") news.set(`New question: ${String(event.payload["prompt"]).slice(0, 200)}`);
  });
  feed.epoch.watch(() => void load().catch(() => {}));
  return { questions, news, clear: () => questions.set(questions.get().filter(({ status }) => status === "open")) };
}

function ownerOf({ run_id, peer_id }: StreamEvent): Partial<Question> {
  return { ...(run_id !== undefined && { run_id }), ...(peer_id !== undefined && { peer_id }) };
}
