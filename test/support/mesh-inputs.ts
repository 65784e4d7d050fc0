import { askRows } from "../../lib/contract/rows/asks.js";
import { attachmentRows } from "../../lib/contract/rows/attachments.js";
import { eventRows } from "../../lib/contract/rows/events.js";
import { messageRows } from "../../lib/contract/rows/messages.js";
import { paneRows } from "../../lib/contract/rows/panes.js";
import { peerRows } from "../../lib/contract/rows/peers.js";
import { questionRows } from "../../lib/contract/rows/questions.js";
import type { Operation } from "../../lib/contract/operation.js";
import type { Caller } from "../../lib/index.js";
import type { CallDetails } from "./mesh.js";
import type { MeshRoom } from "./mesh-room.js";

/** Every operation of the mesh. */
export const meshOperations: readonly Operation[] = [
  ...peerRows,
  ...askRows,
  ...messageRows,
  ...paneRows,
  ...questionRows,
  ...attachmentRows,
  ...eventRows,
];

/** Who is in a room when operations are tried there. */
export interface Cast {
  readonly worker: { readonly peer_id: string; readonly caller: Caller };
  readonly asker: { readonly peer_id: string; readonly caller: Caller };
}

/** A call that succeeds. */
export interface GoodCall {
  readonly input: Record<string, unknown>;
  readonly details?: CallDetails;
}

export async function castOf(room: MeshRoom): Promise<Cast> {
  return { worker: await room.peer("worker"), asker: await room.peer("asker") };
}

const askFor = async ({ call }: MeshRoom, more: object = {}): Promise<string> =>
  (await call("asks.ask", { to_peer: "worker", text: "x", ...more })).correlation_id;
const text = { kind: "text" } as const;
const leftAtOnce = (): CallDetails => ({ signal: AbortSignal.abort() });
const registered = { backend: "codex", name: "one", path: "/srv/api" } as const;

/**
 * The least call of each operation that succeeds, made anew for each try. A held one is left by its caller at once; files come
 * with `file`.
 */
export const goodCalls: Readonly<Record<string, (room: MeshRoom, cast: Cast) => GoodCall | Promise<GoodCall>>> = {
  "peers.list": () => ({ input: {} }),
  "peers.timeline": () => ({ input: { id: "worker" } }),
  "peers.whoami": (_, { worker }) => ({ input: {}, details: { caller: worker.caller } }),
  "peers.byPane": async ({ call }) => {
    await call("peers.register", { ...registered, pane_id: "%77", session_id: "in 77" });
    return { input: { pane_id: "%77" } };
  },
  "peers.get": () => ({ input: { id: "worker" } }),
  "peers.register": () => ({ input: { ...registered } }),
  "peers.update": () => ({ input: { id: "worker", model: "m" } }),
  "peers.touch": () => ({ input: { id: "worker" } }),
  "peers.offline": async ({ peer }) => ({ input: { id: (await peer("goes")).peer_id } }),
  "peers.remove": async ({ peer }) => ({ input: { id: (await peer("ends")).peer_id } }),
  "circles.list": () => ({ input: {} }),
  "asks.ask": () => ({ input: { to_peer: "worker", text: "x" } }),
  "asks.ack": async (room) => ({ input: { correlation_id: await askFor(room) } }),
  "asks.pending": () => ({ input: { peer_id: "worker" } }),
  "asks.list": () => ({ input: {} }),
  "asks.get": async (room) => ({ input: { id: await askFor(room) } }),
  "asks.wait": async (room) => ({ input: { id: await askFor(room) }, details: leftAtOnce() }),
  "asks.decline": async (room) => ({ input: { id: await askFor(room) } }),
  "asks.cancel": async (room) => ({ input: { id: await askFor(room) } }),
  "asks.askMany": () => ({ input: { to_peers: ["worker"], text: "x" } }),
  "asks.askManyResult": async ({ call }) => ({
    input: { id: (await call("asks.askMany", { to_peers: ["worker"], text: "x" })).parent_id },
  }),
  "messages.notify": () => ({ input: { to_peer: "worker", text: "x" } }),
  "messages.broadcast": () => ({ input: { text: "x" } }),
  "messages.send": () => ({ input: { kind: "notify", to_peer: "worker", text: "x" } }),
  "messages.list": () => ({ input: {} }),
  "messages.get": async ({ call }) => ({
    input: { delivery_id: (await call("messages.notify", { to_peer: "worker", text: "x" })).delivery_id },
  }),
  "messages.claim": () => ({ input: { peer_id: "worker", limit: 1 } }),
  "messages.confirm": async ({ call, peer }) => {
    const { peer_id } = await peer("pulls");
    await call("messages.notify", { to_peer: peer_id, text: "x" });
    return { input: { claim_id: (await call("messages.claim", { peer_id })).claim_id } };
  },
  "deliveries.pending": () => ({ input: { peer_id: "worker" } }),
  "session.update": () => ({ input: { peer_id: "worker", status: "online" } }),
  "traces.get": async (room) => ({ input: { trace_id: await askFor(room) } }),
  "panes.orphans": () => ({ input: {} }),
  "panes.link": ({ panes, hook, mesh, host }) => {
    const { pane_id } = panes.add();
    // A hook that holds the socket of its peer.
    hook.starts = () => {
      const peer = mesh.peers.living().find((one) => one.pane_id === pane_id);
      const link = mesh.links.accept(
        { unsentBytes: 0, send() {}, close() {}, reading() {} },
        { caller: { id: "hook", door: "unix", scopes: ["read", "control"] }, call: async () => ({ peer }) },
      );
      link.receive({ type: "connect", v: 1, backend: "codex", pane_id });
      void host;
    };
    return { input: { pane_id, backend: "codex" } };
  },
  "peers.doctor": () => ({ input: { id: "worker" } }),
  "peers.rehook": async ({ call, panes, written }) => {
    const { pane_id } = panes.add();
    const { peer } = await call("peers.register", { ...registered, pane_id, session_id: pane_id });
    written.set(pane_id, { peer_id: peer.peer_id, display_name: peer.display_name, backend: "codex", pane_id });
    return { input: { id: peer.peer_id } };
  },
  "questions.list": () => ({ input: {} }),
  "questions.get": async (room) => ({ input: { id: await askFor(room, { question: text }) } }),
  "questions.answer": async (room) => ({ input: { correlation_id: await askFor(room, { question: text }), text: "x" } }),
  "questions.askBlocking": () => ({
    input: {
      prompt: "May it?",
      options: [
        { id: "allow", title: "Allow" },
        { id: "deny", title: "Deny" },
      ],
    },
    details: leftAtOnce(),
  }),
  "attachments.upload": ({ file }) => ({ input: {}, details: { body: file("text", "a.txt", "text/plain") } }),
  "attachments.put": ({ file }) => ({ input: {}, details: { body: file("text", "a.txt", "text/plain") } }),
  "attachments.list": () => ({ input: {} }),
  "attachments.info": async ({ put }) => ({ input: { id: await put("x") } }),
  "attachments.download": async ({ put }) => ({ input: { id: await put("x") } }),
  "attachments.remove": async ({ put }) => ({ input: { id: await put("x") } }),
  "events.list": () => ({ input: {} }),
  "events.stream": () => ({ input: {}, details: leftAtOnce() }),
};
