import type { Caller } from "../../caller.js";
import { AnodeError } from "../../errors.js";
import { cutText } from "../../events/bound-payload.js";
import type { RunManager } from "../../runs/manager.js";
import type { RunQuery } from "../../runs/manager-types.js";
import type { RunStatus, RunSummary } from "../../runs/schema.js";
import type { AttachOptions } from "../../runs/streams.js";
import { isTerminal } from "../../runs/transitions.js";
import type { ByteStream, CallContext, Result, Services } from "../operation.js";
import type { ValidInput } from "../schemas.js";
import { assertApprover } from "./approver.js";
import { seqCursor } from "./cursor.js";
import { createHolding } from "../../holding.js";
import { streamForm } from "./media.js";
import { fromCursor, listBytes, toCursor } from "./pages.js";
import { ok } from "./ok.js";

const groups: Readonly<Record<string, readonly RunStatus[]>> = {
  active: ["queued", "running", "waiting"],
  terminal: ["completed", "failed", "canceled", "interrupted"],
};
const longTexts = ["prompt", "result", "error"] as const;
const longTextBytes = 4096;
/** A record may be long: so many are read before they are cut. */
const recordsAtOnce = 100;

/** The operations of runs, as thin translations to a manager. */
export function createRunServices(manager: RunManager): Services {
  const holding = createHolding(manager.limits.waits);

  return {
    "runs.start": async (input: ValidInput<"runs.start">, { caller, keep }: CallContext) => {
      const run = await manager.accept(input, {
        caller,
        ...(keep && { also: (id: string) => [keep({ status: 201, body: { run_id: id } })] }),
      });
      return { status: 201, body: { run_id: run.id }, headers: { Location: `/runs/${run.id}` } };
    },
    "runs.list": async ({ cursor, limit = 100, ...filters }: ValidInput<"runs.list">, { caller }: CallContext) => {
      const query = toQuery(filters, caller);
      const before = fromCursor(cursor);
      if (limit === 0) return streamed("application/json", allRuns(manager, query, before));
      const runs: RunSummary[] = [];
      let next = before;
      do {
        const page = await shortPage(manager, query, next, limit - runs.length);
        runs.push(...page.items);
        next = page.next;
      } while (next !== undefined && runs.length < limit);
      return ok({ runs, ...(next !== undefined && { next_cursor: toCursor(next) }) });
    },
    "runs.get": async ({ id }: ValidInput<"runs.get">, { caller }: CallContext) => ok(await visibleRun(manager, id, caller)),
    "runs.cancel": async ({ id, reason }: ValidInput<"runs.cancel">, { caller }: CallContext) => {
      await visibleRun(manager, id, caller);
      const options = { caller, ...(reason !== undefined && { reason }) };
      await holding(() => manager.cancel(id, options));
      return ok({ status: "canceled" });
    },
    "runs.events": async (input: ValidInput<"runs.events">, context: CallContext) => {
      const record = await visibleRun(manager, input.id, context.caller);
      const form = streamForm(context.accept);
      const after = cursorOf(input.after, context.lastEventId, record);
      if (form === "page") return ok(await manager.streams.page(record, after, input.limit ?? 100));
      if (isTerminal(record.status) && after >= record.last_seq) return { status: 204 };
      const { follow = true, previews = false, approver = false } = input;
      if (approver) await assertApprover(context.caller);
      manager.streams.assertRoom(record.id);
      const options: AttachOptions = { after, follow, previews, approver, signal: context.signal };
      if (form === "ndjson") return streamed("application/x-ndjson", manager.streams.ndjson(record, options));
      return streamed("text/event-stream", manager.streams.sse(record, options));
    },
    "runs.wait": async ({ id, timeout_ms = 30_000 }: ValidInput<"runs.wait">, { caller, signal }: CallContext) => {
      await visibleRun(manager, id, caller);
      return ok(await holding(() => manager.wait(id, { timeoutMs: timeout_ms, signal })));
    },
    "runs.input": async ({ id, ...input }: ValidInput<"runs.input">, { caller, keep }: CallContext) => {
      await visibleRun(manager, id, caller);
      const { input_id } = await manager.input(id, input, {
        caller,
        ...(keep && { also: (given: string) => [keep({ status: 201, body: { input_id: given, state: "pending" } })] }),
      });
      return { status: 201, body: { input_id, state: "pending" } };
    },
    "runs.inputs": async ({ id }: ValidInput<"runs.inputs">, { caller }: CallContext) => {
      await visibleRun(manager, id, caller);
      return ok({ inputs: await manager.inputs(id) });
    },
    "runs.withdraw": async ({ id, input_id }: ValidInput<"runs.withdraw">, { caller }: CallContext) => {
      await visibleRun(manager, id, caller);
      await manager.withdraw(id, input_id, { caller });
      return ok({ state: "withdrawn" });
    },
    "runs.questions": async ({ id, status = "all", tree = false }: ValidInput<"runs.questions">, { caller }: CallContext) => {
      await visibleRun(manager, id, caller);
      const { questions } = await manager.questions({ status, run_ids: tree ? await manager.descendants(id) : [id] });
      return ok({ questions });
    },
    "runs.answer": async ({ id, question_id, ...answer }: ValidInput<"runs.answer">, { caller, keep }: CallContext) => {
      await visibleRun(manager, id, caller);
      const question = await manager.answer(id, question_id, answer, {
        caller,
        ...(keep && { also: (closed: object) => [keep({ status: 200, body: closed })] }),
      });
      return ok(question);
    },
    "runs.prune": async (rule: ValidInput<"runs.prune">) => ok({ removed: await manager.prune(rule as never) }),
  } as unknown as Services;
}

function streamed(contentType: string, body: ByteStream): Result {
  return { status: 200, stream: { contentType, body } };
}

/** A caller that is a run sees itself and the runs below it; everything else is not there for it. */
async function visibleRun(manager: RunManager, id: string, caller: Caller): Promise<RunSummary> {
  const record = await manager.get(id);
  if (caller.run_id === undefined || (await manager.isWithin(id, caller.run_id))) return record;
  throw new AnodeError("run_not_found", "There is no such run among this run and its children.");
}

type Filters = Omit<ValidInput<"runs.list">, "cursor" | "limit">;

function toQuery({ status, origin, ...texts }: Filters, caller: Caller): RunQuery {
  const statuses = status?.flatMap((name) => groups[name] ?? [name as RunStatus]);
  return {
    ...texts,
    ...(caller.run_id !== undefined && { parent_id: caller.run_id }),
    ...(statuses && { status: statuses }),
    ...(origin && { origin: origin as RunQuery["origin"] & object }),
  };
}

function allRuns(manager: RunManager, query: RunQuery, from: number | undefined): AsyncIterable<Uint8Array> {
  return listBytes("runs", (before = from) => shortPage(manager, query, before));
}

async function shortPage(manager: RunManager, query: RunQuery, before: number | undefined, most = recordsAtOnce) {
  const limit = Math.min(most, recordsAtOnce);
  const { runs, next } = await manager.list({ ...query, limit, ...(before !== undefined && { before }) });
  return { items: runs.map(shortened), ...(next !== undefined && { next }) };
}

/** A list item: long texts are cut and named. */
function shortened(record: RunSummary): RunSummary {
  const cut: Partial<Record<(typeof longTexts)[number], string>> = {};
  for (const field of longTexts) {
    const text = record[field];
    // Two bytes for the quotes of the JSON text.
    if (text !== undefined && text.length * 3 > longTextBytes && new TextEncoder().encode(text).length > longTextBytes) {
      cut[field] = cutText(text, longTextBytes + 2);
    }
  }
  const truncated = Object.keys(cut);
  return truncated.length > 0 ? { ...record, ...cut, truncated } : record;
}

/** @throws `invalid_cursor`, `cursor_ahead` */
function cursorOf(after: string | number | undefined, lastEventId: string | undefined, record: RunSummary): number {
  const cursor = seqCursor(after, lastEventId) ?? 0;
  if (isTerminal(record.status) || cursor <= record.last_seq) return cursor;
  throw new AnodeError("cursor_ahead", `The cursor is beyond the newest event, ${record.last_seq}.`, {
    details: { last_seq: record.last_seq },
  });
}
