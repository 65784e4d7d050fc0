import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { lastMessageIn } from "../../../adapters/cli/agent-hook/transcript-tail.js";

function transcript(...lines: readonly unknown[]): string {
  const folder = mkdtempSync(join(tmpdir(), "anode-transcript-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "transcript.jsonl");
  writeFileSync(path, lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));
  return path;
}

const gemini = (content: string) => ({ type: "gemini", content, thoughts: [] });
const prompt = { type: "user", content: [{ text: "Which color?" }] };
const result = { type: "user", content: [{ functionResponse: { name: "ls", response: {} } }] };

it("is the last message of Gemini CLI in this turn, and none of an earlier one", () => {
  expect(lastMessageIn(transcript(prompt, gemini("I look"), result, gemini("It is blue"), { $set: {} }))).toBe("It is blue");
  expect(lastMessageIn(transcript(prompt, gemini("I look"), result, gemini(" ")))).toBe("I look");
  expect(lastMessageIn(transcript(gemini("It is blue"), prompt, { $set: {} }))).toBeUndefined();
});

it("is the last message of Claude Code, whatever half a line follows", () => {
  const said = { type: "assistant", message: { content: [{ type: "text", text: "It is green" }, { type: "tool_use" }] } };
  expect(lastMessageIn(transcript(said, { type: "user", message: { content: "Hello" } }, '{"type":"assi'))).toBe("It is green");
  expect(lastMessageIn(undefined)).toBeUndefined();
  expect(lastMessageIn("/nowhere/at/all.jsonl")).toBeUndefined();
});
