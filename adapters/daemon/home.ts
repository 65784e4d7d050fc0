import { chmodSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Environment, homeFolder } from "../../lib/node/home-folder.js";
import { syncFolder } from "./private-file.js";
import { complaintAbout } from "./private-path.js";
import { StartRefused } from "./start-refused.js";

/** The paths of one home folder. */
export interface Home {
  readonly path: string;
  readonly config: string;
  readonly socket: string;
  /** Where clients learn how to reach us. */
  readonly discovery: string;
  readonly lock: string;
  readonly token: string;
  readonly log: string;
  readonly state: string;
  readonly store: string;
  /** The folder of the attachments' bytes. */
  readonly attachments: string;
  /** The port of the start before. */
  readonly port: string;
  /** What is written down beside the panes of peers, for their hooks. */
  readonly peers: string;
  /** How the last starts ended. */
  readonly starts: string;
}

/** `$ANODE_HOME`, else `~/.config/anode`. Nothing is touched. */
export function homeOf(env: Environment): Home {
  const path = resolve(homeFolder(env));
  const state = join(path, "state");
  return {
    path,
    config: join(path, "config.json"),
    socket: join(path, "daemon.sock"),
    discovery: join(path, "daemon.json"),
    lock: join(path, "daemon.lock"),
    token: join(path, "token"),
    log: join(path, "daemon.log"),
    state,
    store: join(state, "anode.db"),
    attachments: join(state, "attachments"),
    port: join(state, "port"),
    peers: join(path, "peers"),
    starts: join(state, "starts.json"),
  };
}

/**
 * Makes the home folder where it is missing and checks it.
 * @throws {@link StartRefused} 78 for a link, another owner or another mode than 0700, with the command that repairs it
 */
export function openHome(home: Home): void {
  attempt(home.path, () => createParents(dirname(home.path)));
  for (const path of [home.path, home.state]) {
    createPrivate(path);
    const complaint = complaintAbout(path, "folder");
    if (complaint) throw new StartRefused(78, complaint.problem, { repair: complaint.repair });
  }
}

function createParents(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  for (let made = path; first !== undefined && made.length >= first.length; made = dirname(made)) syncFolder(made);
}

function createPrivate(path: string): void {
  attempt(path, () => {
    mkdirSync(path, { mode: 0o700 });
    // The umask may have taken our own rights away.
    chmodSync(path, 0o700);
    syncFolder(path);
  });
}

function attempt(path: string, make: () => void): void {
  try {
    make();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    throw new StartRefused(78, `${path} must be a folder that can be made: ${code}.`, { cause: error });
  }
}
