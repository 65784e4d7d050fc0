import { linkSync, lstatSync, realpathSync, rmSync, statSync, type Stats } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { codeOf } from "../../lib/thrown.js";
import { isOurs } from "./private-path.js";
import { StartRefused } from "./start-refused.js";

/** A socket file that is ours. */
export interface SocketFile {
  /** Removes the file, if it is still the one we made. */
  remove(): void;
}

const connectMs = 1_000;

/**
 * Makes a server listen on a Unix socket that only we may use. It appears at its path when it is ready, bound and checked: the server
 * itself is bound to a name beside it, so that closing it never removes what somebody else has put at the path since.
 * @throws {@link StartRefused} 75 when somebody answers there, 78 for a path or folder that is not private
 */
export async function listenOnSocket(server: Server, path: string, limitBytes: number): Promise<SocketFile> {
  const beside = `${path.slice(0, -1)}${path.endsWith("~") ? "-" : "~"}`;
  checkPath(path, limitBytes);
  await clear(path);
  await clear(beside);
  await listenPrivately(server, beside);
  let made: Stats;
  try {
    made = lstatSync(beside);
    if (!made.isSocket() || (made.mode & 0o777) !== 0o600 || !isOurs(made))
      throw new StartRefused(78, `${path} must be a socket of mode 0600, it could not be made so.`);
    linkSync(beside, path);
  } catch (error) {
    server.close();
    // Somebody else's is there, or has taken ours for one of a start that was cut off.
    if (!["EEXIST", "ENOENT"].includes(codeOf(error) ?? "")) throw error;
    throw new StartRefused(75, `${path} must be free, another process made it just now.`, { cause: error });
  } finally {
    rmSync(beside, { force: true });
  }
  return { remove: () => removeSame(path, made) };
}

/** @throws {@link StartRefused} 78 */
function checkPath(path: string, limitBytes: number): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > limitBytes) throw new StartRefused(78, `A socket path must have at most ${limitBytes} bytes, ${path} has ${bytes}.`);
  const folder = dirname(path);
  let found: Stats;
  try {
    found = statSync(realpathSync(folder));
  } catch (error) {
    throw new StartRefused(78, `${folder} must exist: it is the folder of the socket.`, { repair: `mkdir -m 700 ${folder}`, cause: error });
  }
  const isPrivate = isOurs(found) && (found.mode & 0o077) === 0;
  // In a sticky folder of root nobody can take our file away.
  const isShared = found.uid === 0 && (found.mode & 0o1000) !== 0;
  if (!found.isDirectory() || !(isPrivate || isShared)) {
    throw new StartRefused(
      78,
      `${folder} must be a folder of ours with mode 0700, or a sticky one of root: it is the folder of the socket.`,
      {
        ...(isOurs(found) && { repair: `chmod 700 ${folder}` }),
      },
    );
  }
}

/** Removes the socket of a daemon that died; anything else at the path stays. @throws {@link StartRefused} 75, 78 */
async function clear(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket() || !isOurs(found))
    throw new StartRefused(78, `${path} must be free or a socket of ours, it is something else and stays untouched.`);
  const answer = await knock(path);
  if (answer !== "ECONNREFUSED")
    throw new StartRefused(
      75,
      `${path} must be free, ${answer === undefined ? "somebody listens there" : `a connection to it gives ${answer}`}.`,
    );
  removeSame(path, found);
}

/** The error of a connection; `undefined` when there was an answer. */
function knock(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answer: string | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(connectMs, () => settle("no answer in time"));
    socket.once("connect", () => settle(undefined));
    socket.once("error", (error: NodeJS.ErrnoException) => settle(error.code));
  });
}

function listenPrivately(server: Server, path: string): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new StartRefused(error.code === "EADDRINUSE" ? 75 : 78, `${path} cannot be opened: ${error.code}.`, { cause: error })),
    );
  });
  // The file is made while listen() runs, so no other file is made under this mask.
  const mask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(mask);
  }
  return listening;
}

/** A file system gives a number that has become free to the very next file, so the number alone does not tell two sockets apart. */
function removeSame(path: string, made: Stats): void {
  const now = lstatSync(path, { throwIfNoEntry: false });
  if (now && now.ino === made.ino && now.dev === made.dev && now.mtimeMs === made.mtimeMs) rmSync(path, { force: true });
}
