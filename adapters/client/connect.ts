import { promises } from "node:fs";
import { join, resolve } from "node:path";
import { formatAddress, isLoopback } from "../../lib/address.js";
import { AnodeError } from "../../lib/errors.js";
import { type Environment, homeFolder } from "../../lib/node/home-folder.js";
import { parseBaseUrl } from "./base-url.js";
import type { Carrier } from "./carrier.js";
import { type ClientOptions, clientOver } from "./client.js";
import type { Client } from "./client-types.js";
import { configuredToken } from "./configured-token.js";
import { discover, runTokenPort } from "./discovery.js";
import { followingCarrier } from "./following-carrier.js";
import { peerTokenOf } from "./peer-token.js";
import { httpCarrier, type HttpCarrierOptions } from "./http-carrier.js";

/** Which daemon to call, by at most one of `url`, `socketPath` and `daemon`; without any it is looked for. */
export interface ConnectOptions extends ClientOptions, HttpCarrierOptions {
  /** `http://host:port`, with the path of a mount point if there is one. */
  readonly url?: string;
  readonly socketPath?: string;
  /** An address as the command line takes it. */
  readonly daemon?: string;
  /** @defaultValue `process.env` */
  readonly env?: Environment;
}

/**
 * A client of a running daemon. It connects with the first call, so a daemon that is not there shows then. One that was looked for
 * is followed to another address when it comes back there.
 * On TCP it sends the first of: `token`, `$ANODE_TOKEN`, `$ANODE_RUN_TOKEN` (to its own port only), the token of the peer whose
 * agent this process runs below, for the daemon of the home folder the token of its configuration, the token file (all three to the
 * loopback only); on a Unix socket `token`, else that of the peer.
 * @throws `invalid_request`
 */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  const { url, socketPath, daemon, env = process.env, connectMs, headersMs, idleMs, runId = env["ANODE_RUN_ID"] ?? "", ...rest } = options;
  const given = Object.entries({ url, socketPath, daemon }).filter(([, value]) => value !== undefined);
  if (given.length > 1) throw new AnodeError("invalid_request", `Only one of ${given.map(([name]) => name).join(" and ")} can be given.`);
  let place = await placeOf(options, env);
  const limits = {
    ...(connectMs !== undefined && { connectMs }),
    ...(headersMs !== undefined && { headersMs }),
    ...(idleMs !== undefined && { idleMs }),
  };
  const open = ({ target }: Place): Carrier => httpCarrier(target, { ...limits, runId });
  // Only to where the file of our own daemon says that it is, and no token to another host.
  const elsewhere = async (): Promise<Carrier | undefined> => {
    const now = await placeOf(options, env);
    if (!now.isFound || !isHere(now) || sameTarget(now, place)) return undefined;
    place = now;
    return open(now);
  };
  const token = rest.token ?? (() => tokenAt(place, env));
  return clientOver(followingCarrier(open(place), elsewhere), { ...rest, token });
}

interface Place {
  readonly target: { readonly url: string } | { readonly socketPath: string };
  readonly tokenFile: string;
  /** It is the daemon of our home folder: the only one to which its peers are known. */
  readonly isOwn: boolean;
  /** It was found by the file of the daemon that runs in our home folder, which makes its address one of ours. */
  readonly isFound: boolean;
}

function isHere({ target }: Place): boolean {
  return "socketPath" in target || isLoopback(parseBaseUrl(target.url).address.host);
}

function sameTarget({ target: one }: Place, { target: other }: Place): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

async function placeOf({ url, socketPath, daemon }: ConnectOptions, env: Environment): Promise<Place> {
  const tokenFile = join(homeFolder(env), "token");
  if (url !== undefined) return { target: { url }, tokenFile, isOwn: false, isFound: false };
  const isOwnSocket = (path: string): boolean => resolve(path) === resolve(homeFolder(env), "daemon.sock");
  if (socketPath !== undefined) return { target: { socketPath }, tokenFile, isOwn: isOwnSocket(socketPath), isFound: false };
  const found = await discover(env, daemon === undefined ? {} : { daemon });
  const { address, source } = found;
  const isOwn = source === "daemon.json" || source === "default" || (address.kind === "unix" && isOwnSocket(address.path));
  return {
    target: address.kind === "unix" ? { socketPath: address.path } : { url: formatAddress(address) },
    tokenFile: found.tokenFile,
    isOwn,
    isFound: source === "daemon.json",
  };
}

/** What this process may show there, looked up anew each time: files change, and a refused token is tried once more. */
async function tokenAt({ target, tokenFile, isOwn, isFound }: Place, env: Environment): Promise<string | undefined> {
  const home = homeFolder(env);
  const peerToken = async (): Promise<string | undefined> => (isOwn ? peerTokenOf(home, env) : undefined);
  if ("socketPath" in target) return peerToken();
  if (env["ANODE_TOKEN"]) return env["ANODE_TOKEN"];
  const { host, port } = parseBaseUrl(target.url).address;
  // A token goes to nobody but those it is for: other ports may be anybody's, other hosts are.
  if (!isLoopback(host)) return undefined;
  if (runTokenPort(env) === port) return env["ANODE_RUN_TOKEN"];
  const own = (await peerToken()) ?? (isFound ? configuredToken(home, env) : undefined);
  if (own !== undefined) return own;
  const text = await promises.readFile(tokenFile, "utf8").catch(() => "");
  return text.trim() || undefined;
}
