import { basename } from "node:path";
import { Worker } from "node:worker_threads";
import { messageOf } from "../../thrown.js";
import { readFound } from "../workspace/file-access.js";
import { isBinary } from "../workspace/text-file.js";
import { walk } from "../workspace/walk.js";
import { prefixOf } from "./find-folder.js";
import { invalidPattern, type Search, type SearchResult, shortLine } from "./search.js";
import { ToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

/** Time a pattern has for all files. */
const matchMs = 5_000;
const grepFileBytes = 2 * 1024 * 1024;

/**
 * What runs in the worker: tells the numbers of the lines of a text that match. As a text, so that it needs no file of
 * its own, however the program is packed.
 */
const source = `
const { parentPort, workerData: { pattern, flags } } = require("node:worker_threads");
const expression = new RegExp(pattern, flags);
parentPort.on("message", ({ text, limit }) => {
  const found = [];
  const lines = text.split(/\\r?\\n/);
  if (lines.at(-1) === "") lines.pop();
  for (let at = 0; at < lines.length && found.length < limit; at += 1) if (expression.test(lines[at])) found.push(at);
  parentPort.postMessage(found);
});`;

/** Searches by our own matcher, apart from the main thread, because a pattern may take for ever. */
export async function searchByWorker(room: ToolRoom, search: Search, signal: AbortSignal): Promise<SearchResult> {
  const { caseSensitive, context, limit, pattern } = search;
  const flags = caseSensitive ? "" : "i";
  try {
    new RegExp(pattern, flags);
  } catch (error) {
    throw invalidPattern(messageOf(error));
  }
  const worker = new Worker(source, { eval: true, workerData: { pattern, flags }, stdin: false, env: {} });
  let tooSlow = false;
  const timer = setTimeout(() => {
    tooSlow = true;
    void worker.terminate();
  }, matchMs);
  const ended = new Promise<never>((_, reject) => {
    worker.on("error", reject);
    worker.on("exit", () => reject(new Error("The matcher ended.")));
  });
  ended.catch(() => {});
  const matched = (text: string, left: number): Promise<number[]> =>
    Promise.race([
      ended,
      new Promise<number[]>((resolve) => {
        worker.once("message", resolve);
        worker.postMessage({ text, limit: left });
      }),
    ]);

  const lines: string[] = [];
  let matches = 0;
  try {
    for await (const { real, shown } of filesOf(room, search, signal)) {
      const found = await readFound(real, shown, grepFileBytes).catch(() => undefined);
      if (!found || isBinary(found.bytes)) continue;
      const text = found.bytes.toString("utf8");
      const numbers = await matched(text, limit - matches + 1);
      const kept = numbers.slice(0, limit - matches);
      lines.push(
        ...around(text, kept, context).map(
          ({ number, text: line, isMatch }) => `${shown}${isMatch ? ":" : "-"}${number}${isMatch ? ":" : "-"}${shortLine(line)}`,
        ),
      );
      matches += kept.length;
      if (numbers.length > kept.length) return { lines, isCut: true };
    }
    return { lines, isCut: false };
  } catch (error) {
    if (tooSlow) throw new ToolError("timed_out", `the pattern took longer than ${matchMs} ms`);
    throw error;
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

async function* filesOf(
  room: ToolRoom,
  { glob, isFile, real, shown }: Search,
  signal: AbortSignal,
): AsyncGenerator<{ real: string; shown: string }> {
  if (isFile) {
    if (!glob || glob(basename(real))) yield { real, shown: shown ?? real };
    return;
  }
  for await (const entry of walk(real, room.files.workspace, signal)) {
    if (entry.kind === "file" && (!glob || glob(entry.path))) yield { real: entry.real, shown: prefixOf(shown) + entry.path };
  }
}

function around(text: string, numbers: readonly number[], context: number): { number: number; text: string; isMatch: boolean }[] {
  if (numbers.length === 0) return [];
  const lines = text.split(/\r?\n/);
  const matches = new Set(numbers);
  const shown = new Set(numbers.flatMap((at) => Array.from({ length: 2 * context + 1 }, (_, index) => at - context + index)));
  return [...shown]
    .filter((at) => at >= 0 && at < lines.length)
    .toSorted((a, b) => a - b)
    .map((at) => ({ number: at + 1, text: lines[at] ?? "", isMatch: matches.has(at) }));
}
