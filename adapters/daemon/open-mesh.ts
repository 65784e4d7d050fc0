import { promises } from "node:fs";
import { hostname } from "node:os";
import { AnodeError, type Attachments, Mesh, type PaneBackend, type StartHook } from "../../lib/index.js";
import { createHookFiles, isAlive } from "../../lib/node/index.js";
import type { Ground } from "./ground.js";
import type { Home } from "./home.js";
import type { Kernel } from "./kernel.js";

/** What the mesh of a daemon is made of. */
export interface OpenMeshOptions {
  readonly ground: Ground;
  readonly kernel: Kernel;
  readonly home: Home;
  readonly backend: PaneBackend;
  /** @defaultValue refuses: there is no such program */
  readonly startHook?: StartHook;
  /** They look into the mesh, and are opened after it. */
  readonly attachments: () => Attachments;
  readonly agents: Readonly<Record<string, unknown>> | undefined;
}

/** Takes up the mesh of the store: peers and their panes, open asks, waiting messages. */
export async function openMesh(options: OpenMeshOptions): Promise<Mesh> {
  const { ground, kernel, home, backend, startHook = noHook, attachments, agents } = options;
  const { tokens, host } = ground;
  const mesh = new Mesh({
    manager: kernel.manager,
    machine: hostname(),
    async knowsAgent(name) {
      const { resolveAgents } = await import("../../lib/acp/index.js");
      return Object.hasOwn(resolveAgents(agents), name);
    },
    panes: {
      backend,
      files: createHookFiles(home.peers),
      async startHook(request) {
        const hook = await startHook(request);
        host.log("info", "hook.started", { peer_id: request.peer_id, pane_id: request.pane_id, pid: hook.pid });
        return hook;
      },
      isAlive,
    },
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

const noHook: StartHook = async () => {
  throw new AnodeError("not_supported", "There is no program here that holds a peer's socket.", { details: { ability: "hook" } });
};
