import type { Caller } from "../../caller.js";
import { AnodeError, isAnodeError } from "../../errors.js";
import type { Asker } from "../../questions/ask-and-wait.js";
import { answerAsk } from "../../mesh/ask-questions.js";
import type { ComposedMesh } from "../../mesh/composed-mesh.js";
import { ownPeer, senderOf } from "../../peers/sender.js";
import type { AnswerInput, Question } from "../../questions/schema.js";
import type { RunManager } from "../../runs/manager.js";
import type { CallContext, Services } from "../operation.js";
import type { ValidInput } from "../schemas.js";
import type { Holding } from "../../holding.js";
import { fromCursor, toCursor } from "./pages.js";
import { ok } from "./ok.js";

/** What peers and asks know of questions; without them everybody asks as what it is bound to. */
export interface QuestionPorts {
  /**
   * Whom the caller asks for.
   * @throws `sender_mismatch`, `sender_not_found`
   */
  asker?(from_peer: string | undefined, caller: Caller): Asker | Promise<Asker>;
  /** Whether it is the id of an ask, with or without a question. */
  isAsk?(id: string): boolean | Promise<boolean>;
  /** Answers the question of an ask, and closes the ask with it. The caller is one who may. */
  answerAsk?(
    question: Question,
    input: AnswerInput & { readonly attachments?: readonly string[] },
    context: CallContext,
  ): Promise<Question>;
}

/** The operations of questions, as thin translations to a manager and its desk. */
export function createQuestionServices(manager: RunManager, holding: Holding, ports: QuestionPorts = {}): Services {
  const { asker = boundTo, isAsk = () => false, answerAsk } = ports;

  /** @throws `question_not_found`, `not_a_question` */
  async function found(id: string): Promise<Question> {
    try {
      return await manager.desk.get(id);
    } catch (error) {
      if (!isAnodeError(error) || error.code !== "question_not_found" || !(await isAsk(id))) throw error;
      throw new AnodeError("not_a_question", "The ask has no question; acknowledge it instead.");
    }
  }

  return {
    "questions.list": async (input: ValidInput<"questions.list">, { caller }: CallContext) => {
      const { status = "open", scope, peer_id, run_id, tree = false, limit = 100, cursor } = input;
      const before = fromCursor(cursor);
      const sees = await sightOf(manager, caller);
      if (run_id !== undefined) await assertVisibleRun(manager, run_id, caller);
      const run_ids = run_id === undefined ? undefined : tree ? await manager.descendants(run_id) : [run_id];
      const { questions, next } = await manager.questions({
        status,
        limit,
        ...(scope && { scope }),
        ...(run_ids && { run_ids }),
        ...(before !== undefined && { before }),
        only: (question) => sees(question) && (peer_id === undefined || concerns(question, peer_id)),
      });
      return ok({ questions, ...(next !== undefined && { next_cursor: toCursor(next) }) });
    },
    "questions.get": async ({ id }: ValidInput<"questions.get">, { caller }: CallContext) => {
      const question = await found(id);
      if (!(await sightOf(manager, caller))(question)) throw unseen();
      return ok(question);
    },
    "questions.answer": async ({ correlation_id, attachments, ...answer }: ValidInput<"questions.answer">, context: CallContext) => {
      const { caller, keep } = context;
      const question = await found(correlation_id);
      await manager.assertMayAnswer(question, caller);
      // What a run does not see is not there for it; a peer answers whatever it is told of.
      if (caller.run_id !== undefined && !(await sightOf(manager, caller))(question)) throw unseen();
      const isOfAsk = question.scope === "mesh_ask" && answerAsk !== undefined;
      // One that has ended is the desk's to refuse, which tells how it ended.
      if (isOfAsk && question.status === "open")
        return ok(toReply(await answerAsk(question, { ...answer, ...(attachments && { attachments }) }, context)));
      if (attachments && !isOfAsk) throw new AnodeError("invalid_answer", "attachments are part of the answer to an ask only.");
      const also = (closed: Question) => (keep ? [keep({ status: 200, body: toReply(closed) })] : []);
      return ok(toReply(await manager.desk.answer(correlation_id, answer, caller, also)));
    },
    "questions.askBlocking": async ({ from_peer, ...input }: ValidInput<"questions.askBlocking">, { caller, signal }: CallContext) => {
      const { kind = "choice", scope = "tool_permission", ...question } = input;
      if (question.correlation_id !== undefined && (await isAsk(question.correlation_id))) {
        throw new AnodeError("correlation_conflict", "The correlation_id belongs to an ask.");
      }
      const options = { caller, asker: await asker(from_peer, caller), signal };
      const { by: _by, ...answer } = await holding(() => manager.ask({ kind, scope, ...question }, options));
      return ok({ ...answer, reason: answer.reason ?? "answered" });
    },
  } as unknown as Services;
}

/** What a mesh knows of questions. */
export function questionPorts(mesh: ComposedMesh): QuestionPorts {
  const { asks, peers } = mesh;
  return {
    asker(from_peer, caller) {
      // A run that is no peer asks as itself.
      if (caller.run_id !== undefined && !ownPeer(peers, caller)) return boundTo(from_peer, caller);
      const { peer_id, run_id = caller.run_id } = senderOf(peers, caller, from_peer).peer;
      return { peer_id, ...(run_id !== undefined && { run_id }) };
    },
    isAsk: (id) =>
      asks.get(id).then(
        () => true,
        () => false,
      ),
    async answerAsk({ question_id }, { attachments, ...input }, { caller, keep }) {
      const files = attachments && (await mesh.attached(attachments, caller));
      const also = (closed: Question) => (keep ? { puts: [keep({ status: 200, body: toReply(closed) })] } : {});
      return (await answerAsk(mesh, question_id, { ...input, files, also }, caller)).question;
    },
  };
}

/** @throws `sender_mismatch` */
function boundTo(from_peer: string | undefined, { peer_id, run_id }: Caller): Asker {
  if (from_peer !== undefined && from_peer !== peer_id) throw new AnodeError("sender_mismatch", "The caller is not this peer.");
  return { ...(peer_id !== undefined && { peer_id }), ...(run_id !== undefined && { run_id }) };
}

/** Which questions a caller sees: a run its own and those below it, a peer those that it asks or is asked. */
async function sightOf(manager: RunManager, { run_id, peer_id }: Caller): Promise<(question: Question) => boolean> {
  if (run_id === undefined && peer_id === undefined) return () => true;
  const runs = new Set(run_id === undefined ? [] : await manager.descendants(run_id));
  return (question) =>
    (question.run_id !== undefined && runs.has(question.run_id)) || (peer_id !== undefined && concerns(question, peer_id));
}

function concerns({ peer_id, from_peer_id, recipient }: Question, peer: string): boolean {
  return [peer_id, from_peer_id, recipient].includes(peer);
}

/** @throws `run_not_found` */
async function assertVisibleRun(manager: RunManager, id: string, { run_id }: Caller): Promise<void> {
  await manager.get(id);
  if (run_id === undefined || (await manager.isWithin(id, run_id))) return;
  throw new AnodeError("run_not_found", "There is no such run among this run and its children.");
}

function unseen(): AnodeError {
  return new AnodeError("question_not_found", "There is no such question among those of this caller.");
}

function toReply({ question_id, outcome, decision }: Question): object {
  return { ok: true, correlation_id: question_id, outcome, ...(decision !== undefined && { decision }) };
}
