import { realpath } from "node:fs/promises";
import { hostname } from "node:os";
import { Mesh } from "../../lib/index.js";
import type { Ground } from "./ground.js";
import type { Kernel } from "./kernel.js";

/** Takes up the mesh of the store: peers, open asks, waiting messages. */
export async function openMesh({ tokens, host }: Ground, { manager }: Kernel): Promise<Mesh> {
  const mesh = new Mesh({
    manager,
    machine: hostname(),
    realPath: (path) => realpath(path).catch(() => path),
    peerToken: ({ peer_id }) => tokens.createForPeer(peer_id),
    peerRetired: ({ peer_id }, reason) => {
      // A peer that was given up for silence may still come back with its token.
      if (reason === "reaped") return;
      tokens.endPeer(peer_id).catch((error: unknown) => host.log("warn", "peer_token.kept", { peer_id, error: String(error) }));
    },
  });
  await mesh.open();
  return mesh;
}
