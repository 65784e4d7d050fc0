import { resolve } from "node:path";
import { meshCommand } from "../mesh-client.js";
import { given } from "../mesh-text.js";

/** `anode peers register`: registers a peer and prints its id; its token is told this once. */
export const run = meshCommand(
  (client, line, { cwd }) => {
    const run = line.text("run");
    const path = line.text("path");
    const input = {
      backend: run === undefined ? "service" : "run",
      ...given(line, { backend: "backend", name: "name", circle: "circle", role: "role", run: "run_id" }),
      ...(path !== undefined && { path: resolve(cwd, path) }),
      ...(line.text("circle") !== undefined && { circle_source: "explicit" }),
    };
    // What is a backend and what a role is the daemon's to say.
    return client.peers.register(input as Parameters<typeof client.peers.register>[0]);
  },
  ({ peer, peer_token }, _line, { output }) => {
    output.data(`${peer.peer_id}\n`);
    output.note(`${peer.display_name} is registered in the circle ${peer.circle}`);
    if (peer_token !== undefined) output.note(`its token, which is not shown again: ${peer_token}`);
  },
);
