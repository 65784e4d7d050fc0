import { describe, expect, it } from "vitest";
import { isAnodeError, type OperationName } from "../../../lib/index.js";
import { openTestMesh } from "../../support/mesh.js";

const register = { backend: "service" };
const ask = { to_peer: "bob", text: "hi" };
const permission = { prompt: "Run it?", options: [{ id: "allow", title: "Yes" }] };
const nameForm = "must be a letter or digit, then at most 63 letters, digits, dots, dashes or underscores";
const idForm = "must be 2 to 16 lower-case letters or digits, a dash and 4 to 100 letters, digits, dashes or underscores";

describe("a refusal of the mesh", () => {
  it.each<[OperationName, object, string, string]>([
    [
      "peers.register",
      {},
      "required",
      'backend is required: one of "claude-code", "codex", "gemini", "opencode", "acp", "run", "human", "service".',
    ],
    ["peers.register", { ...register, name: "a b" }, "format", `name ${nameForm}, got "a b".`],
    ["peers.register", { ...register, circle: "ä" }, "format", `circle ${nameForm}, got "ä".`],
    ["peers.register", { ...register, path: "srv" }, "format", 'path must be an absolute path other than /, got "srv".'],
    ["peers.register", { ...register, pane_id: "7" }, "format", 'pane_id must be % and 1 to 9 digits, got "7".'],
    ["asks.ask", { ...ask, correlation_id: "x" }, "format", `correlation_id ${idForm}, got "x".`],
    ["questions.askBlocking", { ...permission, correlation_id: "pretool-t1" }, "format", `correlation_id ${idForm}, got "pretool-t1".`],
    ["asks.list", { since: "today" }, "format", 'since must be a time in UTC like 2026-11-22T09:00:00.000Z, got "today".'],
    ["messages.send", { text: "hi" }, "required", 'kind is required: one of "notify", "broadcast".'],
    ["messages.send", { kind: "ask", text: "hi" }, "format", 'kind must be one of "notify", "broadcast", got "ask".'],
    ["asks.pending", {}, "conflict", "peer_id or pane_id must be given, and only one of them."],
    [
      "session.update",
      { peer_id: "bob" },
      "required",
      "The request must change something: status, turn_state, model, session_id, metadata or turn.",
    ],
  ])("%s of %j (%s) says what is expected", async (name, input, code, detail) => {
    const { reply, peer } = await openTestMesh();
    await peer("bob");
    const error: unknown = await reply(name, input).catch((thrown: unknown) => thrown);
    if (!isAnodeError(error)) throw error;
    expect(error.message).toBe(detail);
    expect(error.details).toMatchObject({ issues: [{ code }] });
  });
});
