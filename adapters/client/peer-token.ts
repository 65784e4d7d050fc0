import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What the hooks of an agent in a pane have written down of it, as far as it matters here. */
interface PeerFile {
  readonly pane_id: string;
  readonly agent_pid: number;
  readonly agent_started: number;
  readonly peer_token: string;
}

/** Start times of the processes above this one, by number. */
export type Ancestors = () => Promise<ReadonlyMap<number, number>>;

const fileName = /^pane-\d{1,9}\.json$/;
const largestFile = 64 * 1024;

/**
 * The token of the peer whose agent this process runs below, from the files in `<home>/peers`: that of its own pane, else that of
 * the agent above it. A file counts only if it is ours alone and its very agent is among our ancestors.
 */
export async function peerTokenOf(
  home: string,
  env: Readonly<Record<string, string | undefined>>,
  ancestors: Ancestors = async () => (await import("./ancestors.js")).ancestorsOfThis(),
): Promise<string | undefined> {
  const files = readPeerFiles(join(home, "peers"));
  if (files.length === 0) return undefined;
  const above = await ancestors();
  const places = [...above.keys()];
  const found = files
    .filter(({ agent_pid, agent_started }) => above.get(agent_pid) === agent_started)
    .filter(({ pane_id }) => !env["TMUX_PANE"] || pane_id === env["TMUX_PANE"])
    .sort((a, b) => places.indexOf(a.agent_pid) - places.indexOf(b.agent_pid));
  return found[0]?.peer_token;
}

function readPeerFiles(folder: string): PeerFile[] {
  try {
    return readdirSync(folder)
      .filter((name) => fileName.test(name))
      .flatMap((name) => readPeerFile(join(folder, name)) ?? []);
  } catch {
    // No peer of this home has ever been in a pane.
    return [];
  }
}

function readPeerFile(path: string): PeerFile | undefined {
  try {
    const value = JSON.parse(readOurs(path)) as Partial<Record<keyof PeerFile, unknown>>;
    const isWhole =
      typeof value.pane_id === "string" &&
      typeof value.agent_pid === "number" &&
      typeof value.agent_started === "number" &&
      typeof value.peer_token === "string";
    return isWhole ? (value as PeerFile) : undefined;
  } catch {
    return undefined;
  }
}

/** @throws when it is not there, or others could have written or read it */
function readOurs(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    const isOurs = stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
    if (!stats.isFile() || !isOurs || stats.size > largestFile) throw new Error(`${path} is not ours alone.`);
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}
