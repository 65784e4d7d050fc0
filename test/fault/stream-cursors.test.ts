import { describe, expect, it } from "vitest";
import type { Handle } from "../../adapters/http/index.js";
import { scriptedExecutor } from "../../lib/testing/scripted-executor.js";
import { patientWithCursors } from "../support/mutants/wrong-doors.js";
import { until } from "../support/manager.js";
import { createCaller } from "./support/caller.js";
import { cursorCorpus, type CursorRow } from "./corpus/cursors.js";
import { streamServer } from "./support/stream-server.js";

const forms = ["text/event-stream", "application/x-ndjson", "application/json"];
const firstByteMs = 1_000;

/** What each cursor is answered within a second, in each form and in both places; what differs from the table is said. */
async function wrongAnswers(rows: (lastSeq: number) => readonly CursorRow[], wrap?: (handle: Handle) => Handle): Promise<string[]> {
  const server = await streamServer({
    executor: scriptedExecutor([{ emit: { type: "turn.started", payload: { turn: 1 } } }, { hang: true }]),
    ...(wrap && { wrap }),
  });
  const { id } = await server.manager.start({ prompt: "hang" });
  await until(async () => (await server.manager.get(id)).last_seq === 3);
  const caller = createCaller(server.at);
  const wrong: string[] = [];

  async function judge(cursor: string, verdict: string, accept: string, target: string, header = ""): Promise<void> {
    const asked = caller.send(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n${header}\r\n`, "head");
    const late = new Promise<undefined>((resolve) => void setTimeout(() => resolve(undefined), firstByteMs).unref());
    const answer = await Promise.race([asked.catch(() => undefined), late]);
    const code = answer && (answer.status < 400 ? "passes" : (JSON.parse(answer.body) as { code: string }).code);
    if (code !== verdict)
      wrong.push(`${JSON.stringify(cursor.slice(0, 40))} as ${header === "" ? "after" : "header"} for ${accept}: ${code ?? "no answer"}`);
  }

  for (const [cursor, verdict] of rows(3)) {
    // As text of a query it is what it is; a target has room for 8 KiB.
    const target = `/runs/${id}/events?after=${encodeURIComponent(cursor)}`;
    const isForbidden = /%00/.test(target);
    for (const accept of forms) {
      // Each wrong one may have taken a second.
      if (wrong.length > 0) return wrong;
      await judge(cursor, isForbidden ? "invalid_target" : verdict, accept, target);
      // In a header blanks around it do not belong to it, and a control character makes no header at all.
      if (!/[^\t\x20-\x7e]/.test(cursor)) {
        const asHeader = /^\d{1,16}$/.test(cursor.trim()) ? (rows(3).find(([row]) => row === cursor.trim())?.[1] ?? "passes") : verdict;
        await judge(cursor, asHeader, accept, `/runs/${id}/events`, `Last-Event-ID: ${cursor}\r\n`);
      }
    }
  }
  return wrong;
}

describe("a cursor that is malformed, foreign or ahead", () => {
  it("is answered within a second in every form, and never waited for", async () => {
    expect(await wrongAnswers(cursorCorpus)).toEqual([]);
  });

  it("is what this proof is about: a door that waits for the seq to come is found", async () => {
    const ahead = (lastSeq: number): readonly CursorRow[] => [[String(lastSeq + 1), "cursor_ahead"]];
    expect(await wrongAnswers(ahead, patientWithCursors)).not.toEqual([]);
  });
});
