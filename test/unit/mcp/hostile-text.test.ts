import { expect, it } from "vitest";
import { escapeControls } from "../../../adapters/cli/escape.js";
import { hostileTexts } from "../../support/hostile-text.js";
import { meshOperations } from "../../support/mesh-inputs.js";
import { openMeshRoom } from "../../support/mesh-room.js";
import { textPlacesOfShape } from "../../support/text-places.js";
import { callTool, connectMcp } from "./fixtures.js";

/** Tools whose call is not over at once, and where their texts are tried. */
const elsewhere: Readonly<Record<string, string>> = {
  ask_user: "its question is that of ask-blocking",
  attachment_put: "it reads a file of the agent's own folder",
  attachment_get: "it writes one there",
};

it("Hostile text in any parameter of any tool of the mesh gives a document of plain text, or a refusal by a code", async () => {
  const room = await openMeshRoom({ messageQueue: 1e6, openAsks: 1e6, peers: 1e6 });
  const [worker] = [await room.peer("worker"), await room.peer("asker")];
  const client = await connectMcp({ call: (name, input) => room.call(name, input as never, { caller: worker.caller }) });
  const least: Record<string, unknown> = {
    peer_name: "asker",
    peer_names: ["asker"],
    query: "x",
    message: "x",
    description: "x",
    correlation_id: "ask-0000",
    parent_id: "ask-0000",
    trace_id: "ask-0000",
  };
  const { tools } = await client.listTools();
  const tried: string[] = [];
  for (const { name, inputSchema } of tools) {
    if (!meshOperations.some(({ tool }) => tool === name) || name in elsewhere) continue;
    const beside = Object.fromEntries((inputSchema.required ?? []).map((field) => [field, least[field] ?? "x"]));
    for (const { member, path, value } of textPlacesOfShape(inputSchema)) {
      tried.push(`${name} ${path}`);
      const texts = Object.values(hostileTexts);
      const results = await Promise.all(texts.map((text) => callTool(client, name, { ...beside, [member]: value(text) })));
      for (const { document, isError } of results) {
        const json = JSON.stringify(document);
        expect([name, path, isError && document["code"] === "internal", /\\ud[89a-f]|[^\\]\\u0000/.test(json)]).toEqual([
          name,
          path,
          false,
          false,
        ]);
        expect([name, path, JSON.parse(escapeControls(json))]).toEqual([name, path, document]);
        if (isError)
          expect([name, path, document]).toEqual([
            name,
            path,
            expect.objectContaining({ code: expect.any(String), detail: expect.any(String) }),
          ]);
      }
    }
  }
  expect(tried.length).toBeGreaterThan(25);
  // What the agent is told of all that is as harmless.
  const { document } = await callTool(client, "inbox", { limit: 100 });
  expect(JSON.parse(escapeControls(JSON.stringify(document)))).toEqual(document);
});
