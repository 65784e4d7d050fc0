import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { feedLine, feedTypes } from "../../../adapters/cli/feed-line.js";
import { createOutput } from "../../../adapters/cli/output.js";
import type { StreamEvent } from "../../../lib/events/event.js";

const eventOf = (type: string, payload: StreamEvent["payload"], parts: Partial<StreamEvent> = {}): StreamEvent => ({
  id: "evt_7",
  seq: 7,
  type,
  time: "2026-01-02T03:04:05.678Z",
  payload,
  ...parts,
});
const start = "2026-01-02T03:04:05.678Z  7  ";

describe("feedLine", () => {
  it.each<[StreamEvent, string]>([
    [
      eventOf(
        "run.state",
        { run_id: "R-1", from: "running", to: "completed", profile: "craft", label: "tests", stop_reason: "end_turn" },
        { run_id: "R-1" },
      ),
      "run.state  R-1 running -> completed end_turn craft tests",
    ],
    [eventOf("run.state", { to: "queued", profile: "craft", label: "" }, { run_id: "R-1" }), "run.state  R-1 queued craft"],
    [
      eventOf("question.asked", { question_id: "Q-1", scope: "tool_permission", prompt: "Run\n  ls?" }, { run_id: "R-1" }),
      "question.asked  R-1 Q-1 tool_permission Run ls?",
    ],
    [
      eventOf("question.closed", { question_id: "Q-1", outcome: "denied", decision: "deny", reason: "timed_out" }, { run_id: "R-1" }),
      "question.closed  R-1 Q-1 denied deny timed_out",
    ],
    [eventOf("system.gap", { from_seq: 1, to_seq: 7 }), "system.gap  events 1 to 7 are no longer kept"],
    [
      eventOf("peer.status", { display_name: "api", from: "busy", to: "online", turn_state: "idle" }, { peer_id: "peer-1" }),
      "peer.status  peer-1 api busy -> online idle",
    ],
    [
      eventOf(
        "ask.opened",
        { correlation_id: "ask-1", from_name: "docs", to_name: "api", text: "which port?", circle: "default" },
        { peer_id: "peer-1" },
      ),
      "ask.opened  peer-1 ask-1 docs -> api which port?",
    ],
    [
      eventOf(
        "message.state",
        { delivery_id: "dlv-1", kind: "notify", delivery_state: "queued", reason: "not_idle" },
        { peer_id: "peer-1" },
      ),
      "message.state  peer-1 dlv-1 notify queued not_idle",
    ],
    [eventOf("peer.unheard", { to: "online" }, { peer_id: "peer-1" }), 'peer.unheard  peer-1 {"to":"online"}'],
  ])("tells %#", (event, line) => {
    expect(feedLine(event)).toBe(start + line);
  });

  it("is one line of a bounded length, whatever is in it, and nothing in it steers a terminal", () => {
    const line = feedLine(eventOf("question.asked", { prompt: `\u001b[2J\r\nmany ${"x".repeat(5_000)}` }, { run_id: "R-1" }));
    expect(line).not.toContain("\n");
    expect(line.length).toBeLessThan(300);
    const written: string[] = [];
    const sink = { write: (text: string) => written.push(text), on: () => {} };
    createOutput({ stdout: sink, stderr: sink }).data(line);
    expect(written.join("")).toContain("\\u001b[2J");
    expect(written.join("")).not.toContain("\u001b");
  });
});

describe("feedTypes", () => {
  it("are all that the daemon tells in its feed, and no others", () => {
    // Whatever is told in it stands in the table of its family, by the compiler's word.
    const ofFamily = ["asks", "events", "messages", "peers", "questions"].flatMap((family) => {
      const table = readFileSync(new URL(`../../../lib/${family}/event-payloads.ts`, import.meta.url), "utf8");
      return [...table.matchAll(/^ {2}"([a-z]+\.[a-z_]+)":/gm)].map(([, type]) => type);
    });
    const ofFeed = [...ofFamily, "run.state", "system.gap"];
    expect(feedTypes).toEqual([...new Set(ofFeed)].toSorted((a = "", b = "") => (a < b ? -1 : 1)));
  });
});
