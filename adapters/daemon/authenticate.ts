import { allScopes, AnodeError, type Caller, type Scope, type Tokens } from "../../lib/index.js";
import { type Authenticate, type Call, type Handle, headerValues, type PeerSocketRule } from "../http/index.js";
import { withLastWord } from "./last-word.js";
import type { RootToken } from "./token-file.js";

/** What decides who calls. */
export interface AuthenticateOptions {
  readonly root: RootToken;
  readonly tokens: Tokens;
  /** Where the kernel tells whose a TCP connection is; without it TCP needs a token. */
  readonly peerSocket?: PeerSocketRule | undefined;
  /** `daemon.approve_requires_token`. */
  readonly approveRequiresToken: boolean;
}

/** Says who calls, and ends what a caller has open when the token behind it ends. */
export interface Authentication {
  readonly authenticate: Authenticate;
  /** The same handler, whose calls with a token also end with that token. */
  bound(handle: Handle): Handle;
}

const relayed = /^(?:forwarded|via|x-forwarded-.*)$/i;

/**
 * A credential that is presented is judged on every door. Without one the owner is known by the Unix socket, and over TCP by the
 * kernel's word on the connection, unless a token is configured.
 */
export function createAuthentication(options: AuthenticateOptions): Authentication {
  const { root, tokens, peerSocket } = options;
  // Whoever may define code to run or make tokens could give itself what it lacks, so `admin` goes with `approve`.
  const scopes: readonly Scope[] = options.approveRequiresToken ? ["read", "control"] : allScopes;
  const lives = new WeakMap<Call, { readonly signal: AbortSignal; readonly ended: AbortSignal }>();

  async function byToken(call: Call, text: string): Promise<Caller> {
    const door = doorOf(call);
    const rootEnded = root.verify(text);
    const { caller, ended } = rootEnded ? { caller: rootCaller(door), ended: rootEnded } : await tokens.verify(text, door);
    // Sources hold a joined signal weakly: a long-lived token gathers nothing from its calls.
    lives.set(call, { signal: AbortSignal.any([call.signal, ended]), ended });
    return caller;
  }

  async function byConnection(call: Call): Promise<Caller | undefined> {
    if (call.door.kind === "unix") return isRelayed(call) ? undefined : { id: "owner", door: "unix", scopes };
    if (root.isConfigured || !(await peerSocket?.isOwner(call))) return undefined;
    return { id: "owner", door: "tcp", scopes, prove: () => peerSocket?.prove(call) ?? Promise.resolve(false) };
  }

  return {
    async authenticate(call) {
      const text = bearerOf(call);
      return text === undefined ? byConnection(call) : byToken(call, text);
    },
    bound: (handle) => async (call) => {
      // The credential of an upgrade may come later than its head.
      if (headerValues(call, "authorization").length === 0 && !call.upgrade) return handle(call);
      const own: Call = {
        ...call,
        // Which token it is turns out only while the call is handled.
        get signal() {
          return lives.get(this)?.signal ?? call.signal;
        },
      };
      const reply = await handle(own);
      const ended = lives.get(own)?.ended;
      return ended ? withLastWord(reply, ended) : reply;
    },
  };
}

function rootCaller(door: Caller["door"]): Caller {
  return { id: "token:root", door, scopes: allScopes };
}

/** The presented token; `undefined` when there is none. @throws `auth_invalid` for a credential of another form */
function bearerOf(call: Call): string | undefined {
  const values = headerValues(call, "authorization");
  if (values.length === 0) return undefined;
  const [, token] = /^bearer +([\w.~+/=-]+)$/i.exec(values[0] ?? "") ?? [];
  if (values.length === 1 && token !== undefined) return token;
  throw new AnodeError("auth_invalid", "A credential must be one header of the form Authorization: Bearer <token>.", {
    details: { reason: "unknown" },
  });
}

function doorOf(call: Call): Caller["door"] {
  if (call.door.kind === "memory") return "in_process";
  return call.door.kind === "unix" ? "unix" : "tcp";
}

/** A relay speaks for somebody else. */
function isRelayed(call: Call): boolean {
  return call.rawHeaders.some((name, i) => i % 2 === 0 && relayed.test(name));
}
