import { promises } from "node:fs";
import { join, resolve } from "node:path";
import { formatAddress, isLoopback } from "../../lib/address.js";
import { AnodeError } from "../../lib/errors.js";
import { type Environment, homeFolder } from "../../lib/node/home-folder.js";
import { type BaseUrl, parseBaseUrl } from "./base-url.js";
import { type ClientOptions, clientOver } from "./client.js";
import type { Client } from "./client-types.js";
import { configuredToken } from "./configured-token.js";
import type { TokenProvider } from "./credential.js";
import { discover, runTokenPort } from "./discovery.js";
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
 * A client of a running daemon. It connects with the first call, so a daemon that is not there shows then.
 * On TCP it sends the first of: `token`, `$ANODE_TOKEN`, `$ANODE_RUN_TOKEN` (to its own port only), the token of the peer whose
 * agent this process runs below, for the daemon of the home folder the token of its configuration, the token file (all three to the
 * loopback only); on a Unix socket `token`, else that of the peer.
 * @throws `invalid_request`
 */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  const { url, socketPath, daemon, env = process.env, connectMs, headersMs, idleMs, runId = env["ANODE_RUN_ID"] ?? "", ...rest } = options;
  const given = Object.entries({ url, socketPath, daemon }).filter(([, value]) => value !== undefined);
  if (given.length > 1) throw new AnodeError("invalid_request", `Only one of ${given.map(([name]) => name).join(" and ")} can be given.`);
  const { target, tokenFile, isOwn, isFound } = await targetOf(options, env);
  const limits = {
    ...(connectMs !== undefined && { connectMs }),
    ...(headersMs !== undefined && { headersMs }),
    ...(idleMs !== undefined && { idleMs }),
  };
  const carrier = httpCarrier(target, { ...limits, runId });
  const peerToken = (): Promise<string | undefined> => (isOwn ? peerTokenOf(homeFolder(env), env) : Promise.resolve(undefined));
  const configured = (): string | undefined => (isFound ? configuredToken(homeFolder(env), env) : undefined);
  const tokens = { env, tokenFile, peerToken, configured };
  const token = rest.token ?? ("url" in target ? tokensFor(parseBaseUrl(target.url).address, tokens) : peerToken);
  return clientOver(carrier, { ...rest, token });
}

interface Target {
  readonly target: { readonly url: string } | { readonly socketPath: string };
  readonly tokenFile: string;
  /** It is the daemon of our home folder: the only one to which its peers are known. */
  readonly isOwn: boolean;
  /** It was found by the file of the daemon that runs in our home folder, which makes its address one of ours. */
  readonly isFound: boolean;
}

interface TokenSources {
  readonly env: Environment;
  readonly tokenFile: string;
  peerToken(): Promise<string | undefined>;
  /** The one in the configuration. */
  configured(): string | undefined;
}

async function targetOf({ url, socketPath, daemon }: ConnectOptions, env: Environment): Promise<Target> {
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

/** What this process may show to a TCP address, looked up anew each time: files change, and a refused token is tried once more. */
function tokensFor(address: BaseUrl["address"], { env, tokenFile, peerToken, configured }: TokenSources): TokenProvider {
  return async () => {
    if (env["ANODE_TOKEN"]) return env["ANODE_TOKEN"];
    // A token goes to nobody but those it is for: other ports may be anybody's, other hosts are.
    if (!isLoopback(address.host)) return undefined;
    if (runTokenPort(env) === address.port) return env["ANODE_RUN_TOKEN"];
    const own = (await peerToken()) ?? configured();
    if (own !== undefined) return own;
    const text = await promises.readFile(tokenFile, "utf8").catch(() => "");
    return text.trim() || undefined;
  };
}
