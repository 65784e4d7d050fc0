import type { AgentMesh } from "../../lib/agent/index.js";
import { AnodeError, type Caller, createPerform, createServices, type Mesh } from "../../lib/index.js";
import { meshName } from "../../lib/peers/schema.js";
import { createClient, inProcessCarrier } from "../client/index.js";

/**
 * Lets runs of the built-in agent be peers. The mesh is opened after the first runs may have started: those wait for it.
 * A run sends as the peer that it is, through the contract like everybody else.
 */
export function createAgentMesh(opened: Promise<Mesh | undefined>): AgentMesh {
  return {
    async join({ run_id, label, path, parent_id, signal }) {
      const mesh = await untilAborted(opened, signal);
      if (!mesh) throw new AnodeError("not_supported", "There is no mesh here.", { details: { ability: "mesh" } });
      const caller: Caller = { id: `run:${run_id}`, door: "in_process", scopes: ["read", "control"], run_id };
      const perform = createPerform(createServices(mesh.manager, { mesh }), mesh.manager.idempotency);
      const client = createClient(inProcessCarrier(perform, caller));
      const parent = parent_id === undefined ? undefined : mesh.peerOfRun(parent_id);
      await client.peers.register({
        backend: "run",
        run_id,
        path,
        // A label is often a sentence, and then no name.
        ...(label !== undefined && meshName.safeParse(label).success && { name: label }),
        ...(parent && { circle: parent.circle, circle_source: "inherited" as const }),
      });
      return {
        isPeer: true,
        async send(to_peer, text) {
          const { delivery_id, delivery_state } = await client.messages.notify({ to_peer, text });
          return `${delivery_id} to ${to_peer}: ${delivery_state}`;
        },
        // Messages come to the run as input.
        receive: async () => [],
      };
    },
  };
}

async function untilAborted<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([value, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
