/** One end of a TCP connection. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** What the kernel's tables say of one socket. */
export interface SocketRow {
  /** `01` is established. */
  readonly state: string;
  readonly uid: number;
  /** 0 when no process holds the socket any more; such rows have uid 0, whoever it was. */
  readonly inode: number;
}

/** A socket as seen from its own side, in the spelling of `/proc/net/tcp` or `tcp6`. */
export interface SocketKey {
  readonly table: "net/tcp" | "net/tcp6";
  readonly local: string;
  readonly remote: string;
}

/**
 * Where the socket with these two ends may be listed: an IPv4 connection also under its mapped form, since either side may have
 * opened it as IPv6.
 */
export function socketKeys(local: Endpoint, remote: Endpoint, byteOrder: "LE" | "BE"): SocketKey[] {
  const [from, to] = [groupsOf(local.address), groupsOf(remote.address)];
  if (!from || !to) return [];
  const spell = (words: readonly number[], port: number): string =>
    `${words.map((word) => hexWord(word, byteOrder)).join("")}:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const keys: SocketKey[] = [{ table: "net/tcp6", local: spell(from, local.port), remote: spell(to, remote.port) }];
  if (isMapped(from) && isMapped(to)) {
    keys.push({ table: "net/tcp", local: spell(from.slice(3), local.port), remote: spell(to.slice(3), remote.port) });
  }
  return keys;
}

/** The rows of a socket in the text of its table, which a busy host fills with tens of thousands of others. */
export function rowsOf(table: string, key: SocketKey): SocketRow[] {
  const ends = `: ${key.local} ${key.remote} `;
  const rows: SocketRow[] = [];
  for (let at = table.indexOf(ends); at >= 0; at = table.indexOf(ends, at + 1)) {
    const end = table.indexOf("\n", at);
    // After the two ends: state, queues, timer, retransmits, uid, timeout, inode.
    const [state = "", , , , uid, , inode] = table.slice(at + ends.length, end < 0 ? table.length : end).split(/ +/);
    rows.push({ state, uid: Number(uid ?? Number.NaN), inode: Number(inode ?? Number.NaN) });
  }
  return rows;
}

/** True for a loopback address in any spelling. */
export function isLoopback(address: string): boolean {
  const words = groupsOf(address);
  if (!words) return false;
  if (isMapped(words)) return (words[3] as number) >>> 24 === 127;
  return words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 1;
}

/** An address as four 32-bit words; IPv4 in its mapped form. */
function groupsOf(address: string): number[] | undefined {
  const text = address.includes(":") ? address : `::ffff:${address}`;
  if (!URL.canParse(`http://[${text}]`)) return undefined;
  const [head = "", tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...first, ...Array<string>(8 - first.length - last.length).fill("0"), ...last].map((group) => Number.parseInt(group, 16));
  return [0, 2, 4, 6].map((i) => (((groups[i] as number) << 16) | (groups[i + 1] as number)) >>> 0);
}

function isMapped(words: readonly number[]): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
}

// The kernel prints each word as it lies in memory.
function hexWord(word: number, byteOrder: "LE" | "BE"): string {
  const hex = word.toString(16).toUpperCase().padStart(8, "0");
  return byteOrder === "BE" ? hex : (hex.match(/../g) as string[]).reverse().join("");
}
