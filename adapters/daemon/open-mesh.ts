import { promises } from "node:fs";
import { hostname } from "node:os";
import { type Attachments, createPeerProbes, Mesh, type PaneBackend } from "../../lib/index.js";
import { isAlive } from "../../lib/node/index.js";
import type { Ground } from "./ground.js";
import type { Kernel } from "./kernel.js";

/** Takes up the mesh of the store: peers, open asks, waiting messages. */
export async function openMesh(
  { tokens, host }: Ground,
  { manager }: Kernel,
  panes: PaneBackend,
  attachments: () => Attachments,
  agents: Readonly<Record<string, unknown>> | undefined,
): Promise<Mesh> {
  const mesh = new Mesh({
    manager,
    machine: hostname(),
    async knowsAgent(name) {
      const { resolveAgents } = await import("../../lib/acp/index.js");
      return Object.hasOwn(resolveAgents(agents), name);
    },
    probes: createPeerProbes(panes, (process) => isAlive(process)),
    realPath: (path) => promises.realpath(path).catch(() => path),
    attached: async (ids, caller) => {
      const refs = await attachments().resolve([...ids], caller);
      return refs.map(({ created_at: _created, expires_at: _expires, ...file }) => file);
    },
    async peerToken({ peer_id, run_id }) {
      if (run_id === undefined) return tokens.createForPeer(peer_id);
      await tokens.bindRun(run_id, peer_id);
      return undefined;
    },
    peerRetired: ({ peer_id }, reason) => {
      // A peer that was given up for silence may still come back with its token.
      if (reason === "reaped") return;
      tokens.endPeer(peer_id).catch((error: unknown) => host.log("warn", "peer_token.kept", { peer_id, error: String(error) }));
    },
  });
  await mesh.open();
  return mesh;
}
