import { isAnodeError } from "../../../lib/errors.js";
import type { HookFile } from "../../../lib/index.js";
import type { OperationInput, OperationOutput } from "../../../lib/contract/schemas.js";
import { type Client, connect } from "../../client/index.js";
import type { Context } from "../context.js";
import type { HookPlace } from "./hook-place.js";
import { holdSocket } from "./hold-socket.js";
import type { Told } from "./told.js";

/** Who a hook speaks for. */
export interface OwnPeer {
  readonly client: Client;
  readonly peer_id: string;
}

/** What a hook knows of its session. */
export interface HookSession {
  readonly backend: string;
  readonly told: Told;
  readonly place: HookPlace;
  readonly context: Context;
}

/** A registration, and who it is from now on. */
export interface OwnRegistration extends OwnPeer {
  readonly peer: OperationOutput<"peers.register">["peer"];
  /** What it was registered with, and its token: enough to speak on a socket as it. */
  readonly own: OperationInput<"peers.register"> & { readonly peer_token?: string };
}

const impatient = { connectMs: 2_000, headersMs: 5_000, retries: 0 };
/** The daemon does not know what we are, or not any more. */
const unknownCodes = new Set(["auth_invalid", "auth_required", "peer_not_found", "peer_retired", "identity_unproven"]);

/**
 * Does something as the agent's own peer. A peer that the daemon does not know, since it has lost it or has never heard of it, is
 * registered first.
 */
export async function asOwnPeer(session: HookSession, work: (own: OwnPeer) => Promise<void>): Promise<void> {
  const { file } = session.place;
  if (file) {
    try {
      return await withClient(session, file.peer_token, (client) => work({ client, peer_id: file.peer_id }));
    } catch (error) {
      if (!isAnodeError(error) || !unknownCodes.has(error.code)) throw error;
    }
  }
  await register(session, work);
}

/** Registers the agent's session, and does something as its peer. */
export async function register(session: HookSession, work: (own: OwnRegistration) => Promise<void>): Promise<void> {
  const { file } = session.place;
  const input = registrationOf(session);
  try {
    if (!file) return await registered(session, undefined, input, work);
    return await registered(session, file.peer_token, { ...input, peer_id: file.peer_id }, work);
  } catch (error) {
    if (!file || !isAnodeError(error) || !unknownCodes.has(error.code)) throw error;
  }
  // Whoever it was is gone for good: what is written down proves nothing any more.
  await session.place.files.remove(file.pane_id, file.peer_id);
  await registered(session, undefined, input, work);
}

function registrationOf({ backend, told, place, context }: HookSession): OperationInput<"peers.register"> {
  const { agent, pane_id } = place;
  const path = told.text("cwd", 4096) ?? context.cwd;
  const [session_id, model] = [told.text("session_id"), told.text("model")];
  return {
    backend: backend as OperationInput<"peers.register">["backend"],
    ...(/^\/./.test(path) && { path }),
    ...(session_id !== undefined && { session_id }),
    ...(model !== undefined && { model }),
    ...(pane_id !== undefined && { pane_id }),
    ...(agent && { agent_pid: agent.pid, agent_started: String(agent.startTicks) }),
    capabilities: ["pull", "turn_reports"],
  };
}

async function registered(
  session: HookSession,
  token: string | undefined,
  input: OperationInput<"peers.register">,
  work: (own: OwnRegistration) => Promise<void>,
): Promise<void> {
  await withClient(session, token, async (client) => {
    const { peer, peer_token = token, pane_assigned } = await client.peers.register(input);
    if (pane_assigned) await take(session, peer, peer_token);
    const { peer_id } = peer;
    const own = { ...input, peer_id, ...(peer_token !== undefined && { peer_token }) };
    if (peer_token === undefined || peer_token === token) return work({ client, peer_id, peer, own });
    await withClient(session, peer_token, (client) => work({ client, peer_id, peer, own }));
  });
}

/** Writes down whose the pane is, and sees to it that somebody holds its socket. */
async function take({ backend, place, context }: HookSession, peer: OwnRegistration["peer"], peer_token?: string): Promise<void> {
  const { files, pane_id, agent, file } = place;
  if (pane_id === undefined) return;
  const next: HookFile = {
    peer_id: peer.peer_id,
    display_name: peer.display_name,
    backend,
    pane_id,
    ...(agent && { agent_pid: agent.pid, agent_started: agent.startTicks }),
    ...(file?.hook_pid !== undefined && { hook_pid: file.hook_pid }),
    ...(file?.hook_started !== undefined && { hook_started: file.hook_started }),
    ...(peer_token !== undefined && { peer_token }),
  };
  await files.write(next);
  await holdSocket(next, context);
}

/** A client that speaks as the peer of a token, for as long as the work takes. */
export async function withClient(
  { context: { env } }: HookSession,
  token: string | undefined,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const client = await connect({ env, ...impatient, ...(token !== undefined && { token }) });
  try {
    await work(client);
  } finally {
    await client.close();
  }
}
