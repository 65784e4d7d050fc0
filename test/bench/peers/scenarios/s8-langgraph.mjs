// The same against LangGraph's development server with one graph.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshPath } from "../../lib/temporary-folder.mjs";
import { installed } from "../lib/packages.mjs";
import { compareStarts, freePort } from "../lib/start-rows.mjs";

const graph = `import { Annotation, StateGraph } from "@langchain/langgraph";
const state = Annotation.Root({ text: Annotation() });
export const graph = new StateGraph(state).addNode("a", () => ({ text: "" })).addEdge("__start__", "a").addEdge("a", "__end__").compile();
`;
let folder;

await compareStarts({
  peer: "langgraph",
  seconds: 9,
  startGoal: 1 / 20,
  memoryGoal: 1,
  program: async () => {
    const port = await freePort();
    folder ??= project(installed("langgraph"));
    return {
      args: [
        join(folder, "node_modules/@langchain/langgraph-cli/dist/cli/cli.mjs"),
        ...[
          "dev",
          "--config",
          join(folder, "langgraph.json"),
          "--no-browser",
          "--no-reload",
          "--host",
          "127.0.0.1",
          "--port",
          String(port),
        ],
      ],
      cwd: folder,
      address: { host: "127.0.0.1", port },
      target: "/ok",
    };
  },
});

function project(packages) {
  const path = freshPath("graph");
  mkdirSync(path);
  symlinkSync(join(packages, "node_modules"), join(path, "node_modules"));
  writeFileSync(join(path, "package.json"), '{"private":true,"type":"module"}');
  writeFileSync(join(path, "graph.mjs"), graph);
  writeFileSync(join(path, "langgraph.json"), JSON.stringify({ node_version: "20", graphs: { bench: "./graph.mjs:graph" }, env: {} }));
  return path;
}
