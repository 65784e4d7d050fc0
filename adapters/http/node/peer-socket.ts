import type { Clock } from "../../../lib/host.js";
import type { Call, Connection } from "../call.js";
import { isLoopback, rowsOf, socketKeys, type SocketRow } from "./socket-table.js";
import { systemProc, type Proc } from "./proc.js";

/** What the rule is made with. */
export interface PeerSocketOptions {
  /** The user this process runs as. */
  readonly uid: number;
  /** The store whose runs are recognised by their cookie. */
  readonly storeId: string;
  /** True for a process that was recorded as one of a run. */
  readonly isRunProcess: (pid: number) => boolean;
  readonly clock: Clock;
  /** @defaultValue the kernel's */
  readonly proc?: Proc;
  /** Milliseconds a look may take; later is no. A busy host with tens of thousands of sockets needs hundreds for its table alone, and as many times that as processes wait for a core. @defaultValue 5000 */
  readonly deadlineMs?: number;
}

/** Whose a loopback TCP connection without a token is, on Linux. */
export interface PeerSocketRule {
  /** True when the socket at the other end belongs to our own user and nobody else speaks through it. A look that could not be made is made again for the next call. */
  isOwner(call: Call): Promise<boolean>;
  /** True when, at this moment, every process that holds that socket is found and none belongs to a run. */
  prove(call: Call): Promise<boolean>;
}

const established = "01";
const actsForOthers = /^(?:origin|forwarded|via|sec-fetch-.*|x-forwarded-.*)$/i;

/**
 * The peer-socket rule. Whatever cannot be read, is ambiguous or comes late is not the owner. What was seen of the connection is
 * kept with it; the look at the headers and the proof are made for each call.
 */
export function createPeerSocketRule(options: PeerSocketOptions): PeerSocketRule {
  const { uid, clock, proc = systemProc, deadlineMs = 5_000 } = options;
  const owners = new WeakMap<Connection, Promise<boolean | undefined>>();
  const inTime = (look: () => Promise<boolean>): Promise<boolean | undefined> => within(clock, deadlineMs, look);

  const looksOwn = async (connection: Connection): Promise<boolean> => {
    // At once: on a busy machine each read waits for its turn several times.
    const [overflow, socket] = await Promise.all([proc.text("sys/kernel/overflowuid"), ownSocket(connection, uid, proc)]);
    return uid !== Number(overflow) && socket !== undefined;
  };

  return {
    async isOwner(call) {
      const { connection } = call;
      if (!connection || !isLoopback(connection.localAddress ?? "") || relays(call)) return false;
      let owner = owners.get(connection);
      if (!owner) {
        owner = inTime(() => looksOwn(connection));
        owners.set(connection, owner);
      }
      const seen = await owner;
      // A moment in which nothing could be seen would lock the owner out for as long as the connection lives.
      if (seen === undefined && owners.get(connection) === owner) owners.delete(connection);
      return seen === true;
    },
    async prove({ connection }) {
      if (!connection) return false;
      const isProven = await inTime(async () => {
        const socket = await ownSocket(connection, uid, proc);
        return socket !== undefined && (await isOutsideRuns(socket.inode, options, proc));
      });
      return isProven === true;
    },
  };
}

/** Browsers and relays act for somebody else under the user's id. */
function relays(call: Call): boolean {
  return call.rawHeaders.some((name, i) => i % 2 === 0 && actsForOthers.test(name));
}

/** The client's socket, if it is the only one there, established, held by somebody and of this user. */
async function ownSocket(connection: Connection, uid: number, proc: Proc): Promise<SocketRow | undefined> {
  const { localAddress, localPort, remoteAddress, remotePort } = connection;
  if (localAddress === undefined || localPort === undefined || remoteAddress === undefined || remotePort === undefined) return undefined;
  const keys = socketKeys({ address: remoteAddress, port: remotePort }, { address: localAddress, port: localPort }, proc.byteOrder);
  const look = async (): Promise<SocketRow[]> =>
    (await Promise.all(keys.map(async (key) => rowsOf(await proc.text(key.table), key)))).flat();
  let rows = await look();
  // A table is told in pieces: what changes meanwhile may hide a row of it, or show one twice.
  if (rows.length !== 1) rows = await look();
  const [row] = rows;
  if (rows.length !== 1 || !row) return undefined;
  return row.state === established && row.inode > 0 && row.uid === uid ? row : undefined;
}

async function isOutsideRuns(inode: number, options: PeerSocketOptions, proc: Proc): Promise<boolean> {
  const holders = await holdersOf(inode, options.uid, proc);
  const namespace = await proc.pidNamespace("self");
  for (const pid of holders) {
    if ((await proc.pidNamespace(pid)) !== namespace) return false;
    if ((await proc.text(`${pid}/environ`)).split("\0").some((entry) => entry.startsWith(`ANODED_COOKIE=${options.storeId}.`)))
      return false;
    if (await descendsFromRun(pid, options.isRunProcess, proc)) return false;
  }
  return holders.length > 0;
}

async function holdersOf(inode: number, uid: number, proc: Proc): Promise<number[]> {
  const holders: number[] = [];
  for (const pid of await proc.pids()) {
    // A process may end between the listing and the look; one that cannot be seen into is not counted as found.
    const isHolder = async (): Promise<boolean> =>
      (await proc.uid(pid)) === uid && (await proc.descriptors(pid)).includes(`socket:[${inode}]`);
    if (await isHolder().catch(() => false)) holders.push(pid);
  }
  return holders;
}

async function descendsFromRun(pid: number, isRunProcess: (pid: number) => boolean, proc: Proc): Promise<boolean> {
  for (let at = pid; at > 1; at = await parentOf(at, proc)) if (isRunProcess(at)) return true;
  return false;
}

async function parentOf(pid: number, proc: Proc): Promise<number> {
  const stat = await proc.text(`${pid}/stat`);
  // The name in parentheses may itself hold anything.
  const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  if (!Number.isSafeInteger(parent)) throw new Error(`/proc/${pid}/stat has no parent.`);
  return parent;
}

/** What the look says; `undefined` when it fails or comes late. */
function within(clock: Clock, deadlineMs: number, look: () => Promise<boolean>): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const startedAt = clock.monotonic();
    const cancel = clock.schedule(() => resolve(undefined), deadlineMs);
    const settle = (answer: boolean | undefined): void => {
      cancel();
      resolve(clock.monotonic() - startedAt <= deadlineMs ? answer : undefined);
    };
    look().then(settle, () => settle(undefined));
  });
}
