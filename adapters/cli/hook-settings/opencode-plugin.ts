import { pathToFileURL } from "node:url";
import { join } from "node:path";
import type { SettingsRequest } from "./settings-request.js";

/** The first line of a plugin of ours. */
export const pluginMark = "// anode hooks: made by `anode hooks install opencode`, and taken away by `anode hooks uninstall opencode`.";

/** The plugin: a peer of the daemon's by its own socket, whose messages go in through the runtime's own interface. */
export function pluginText({ program }: SettingsRequest): string {
  // Beside the program lies the client of the same version.
  const client = pathToFileURL(join(program, "../../adapters/client/index.js")).href;
  const agent = pathToFileURL(join(program, "../../lib/index.js")).href;
  return `${pluginMark}
import { agentText } from ${JSON.stringify(agent)};
import { connect } from ${JSON.stringify(client)};

export const AnodePeer = async ({ client: runtime, directory }) => {
  let daemon;
  let peer;
  let session;
  let turn = 0;

  const say = (report) => void peer?.status(report);
  const put = async (frame) => {
    if (session === undefined) return { status: "rejected", detail: "no_session" };
    const { type, from_peer, to_peer = peer.peer?.display_name ?? "me", text = "", ...rest } = frame;
    const told = agentText({ ...rest, kind: type, from_name: from_peer, to_name: to_peer, text });
    await runtime.session.promptAsync({ path: { id: session }, body: { parts: [{ type: "text", text: told }] } });
    return { status: "injected" };
  };
  const join = async (id) => {
    if (session === id) return;
    session = id;
    await daemon?.close();
    daemon = await connect();
    const options = { backend: "opencode", path: directory, session_id: id, capabilities: ["delivery_receipts", "turn_reports"] };
    peer = daemon.connectPeer(options, { ask: put, notify: put, broadcast: put, reply: put });
  };

  return {
    "chat.message": async ({ sessionID }) => {
      await join(sessionID).catch(() => {});
      turn += 1;
      say({ status: "busy", turn_state: "working", turn: { turn_id: \`\${sessionID}-\${turn}\`.slice(0, 128), event: "started" } });
    },
    event: async ({ event }) => {
      const { type, properties = {} } = event;
      if (type === "session.created" && !properties.info?.parentID) await join(properties.info.id).catch(() => {});
      if (properties.sessionID !== session || session === undefined) return;
      if (type === "session.idle") {
        say({ status: "online", turn_state: "idle", turn: { turn_id: \`\${session}-\${turn}\`.slice(0, 128), event: "ended" } });
      }
      if (type === "permission.asked" || type === "permission.updated") say({ turn_state: "awaiting_input" });
    },
  };
};
`;
}
