import { join } from "node:path";
import { type Address, parseAddress } from "../../lib/address.js";
import { AnodeError, isAnodeError } from "../../lib/errors.js";
import { type Environment, homeFolder, userHome } from "../../lib/node/home-folder.js";
import { type DaemonFile, readDaemonFile } from "./daemon-file.js";

/** Where a daemon is to be found, and what said so. */
export interface Discovery {
  readonly address: Address;
  readonly source: "option" | "ANODE_DAEMON" | "ANODE_RUN_TOKEN" | "daemon.json" | "default";
  /** Where the first-launch token lies; for TCP. */
  readonly tokenFile: string;
  /** What the running daemon of this home tells of itself; absent when it was not asked or none runs. */
  readonly daemon?: DaemonFile;
}

/** What is known of where the daemon is. */
export interface DiscoverOptions {
  /** An address as the command line takes it; wins over everything else. */
  readonly daemon?: string;
}

const runToken = /^anode_at_(\d{1,5})_[A-Za-z0-9_-]{43}$/;

/**
 * Finds the daemon to call, without calling it: the option, `$ANODE_DAEMON`, the port in `$ANODE_RUN_TOKEN`,
 * `<home>/daemon.json` (its socket before its url) if its process is alive, the default socket.
 * @throws `invalid_request` for an address that is none
 */
export async function discover(env: Environment = process.env, options: DiscoverOptions = {}): Promise<Discovery> {
  const home = homeFolder(env);
  const tokenFile = join(home, "token");
  const named = (text: string, name: string): Address => namedAddress(text, name, userHome(env));
  if (options.daemon !== undefined) return { address: named(options.daemon, "daemon"), source: "option", tokenFile };
  if (env["ANODE_DAEMON"]) return { address: named(env["ANODE_DAEMON"], "ANODE_DAEMON"), source: "ANODE_DAEMON", tokenFile };
  const port = runTokenPort(env);
  if (port !== undefined) return { address: { kind: "tcp", host: "127.0.0.1", port }, source: "ANODE_RUN_TOKEN", tokenFile };
  const daemon = await readDaemonFile(join(home, "daemon.json"));
  const address = daemon && addressOf(daemon);
  if (daemon && address) return { address, source: "daemon.json", tokenFile: daemon.token_file ?? tokenFile, daemon };
  return { address: { kind: "unix", path: join(home, "daemon.sock") }, source: "default", tokenFile, ...(daemon && { daemon }) };
}

/** The port that a run's token names: a child that sees nothing else of the daemon finds it by that. */
export function runTokenPort(env: Environment): number | undefined {
  const port = Number(runToken.exec(env["ANODE_RUN_TOKEN"] ?? "")?.[1]);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function namedAddress(text: string, name: string, home: string): Address {
  try {
    return parseAddress(text, home);
  } catch (error) {
    if (!isAnodeError(error)) throw error;
    throw new AnodeError("invalid_request", `${name}: ${error.message}`, { cause: error });
  }
}

function addressOf({ socket, url }: DaemonFile): Address | undefined {
  if (socket !== undefined) return { kind: "unix", path: socket };
  return url === undefined ? undefined : parseAddress(url);
}
