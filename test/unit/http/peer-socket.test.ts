import { describe, expect, it } from "vitest";
import type { Call, Connection } from "../../../adapters/http/call.js";
import { createPeerSocketRule, type PeerSocketOptions } from "../../../adapters/http/node/peer-socket.js";
import type { Proc } from "../../../adapters/http/node/proc.js";
import { rowsOf, socketKeys } from "../../../adapters/http/node/socket-table.js";
import type { Clock } from "../../../lib/host.js";
import { call } from "./fixtures.js";

const UID = 1000;
const stillClock: Clock = { now: () => 0, monotonic: () => 0, schedule: () => () => {} };
const heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const v4: Connection = { localAddress: "127.0.0.1", localPort: 7433, remoteAddress: "127.0.0.1", remotePort: 50_000 };
// 7433 is 1D09, 50000 is C350.
const clientEnds = "0100007F:C350 0100007F:1D09";
const clientEnds6 = "00000000000000000000000001000000:C350 00000000000000000000000001000000:1D09";
const clientEndsMapped = "0000000000000000FFFF00000100007F:C350 0000000000000000FFFF00000100007F:1D09";
const line = (ends: string, { state = "01", uid = UID, inode = 777 } = {}): string =>
  `   5: ${ends} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0000000000000000 20 4 30 10 -1`;
const serverRow = line("0100007F:1D09 0100007F:C350", { uid: UID, inode: 778 });

interface World {
  readonly tcp?: readonly string[];
  readonly tcp6?: readonly string[];
  readonly overflow?: string;
  /** Process 42 holds the socket unless the test says otherwise. */
  readonly processes?: Readonly<Record<number, { parent?: number; uid?: number; holds?: boolean; environ?: string; namespace?: string }>>;
}

function worldProc({ tcp = [serverRow, line(clientEnds)], tcp6 = [], overflow = "65534\n", processes = { 42: {} } }: World = {}): Proc {
  const known = (pid: number): NonNullable<World["processes"]>[number] => processes[pid] ?? fail(`no process ${pid}`);
  const files: Record<string, string> = {
    "sys/kernel/overflowuid": overflow,
    "net/tcp": [heading, ...tcp].join("\n"),
    "net/tcp6": [heading, ...tcp6].join("\n"),
  };
  return {
    byteOrder: "LE",
    async text(path) {
      const [pid = "", name] = path.split("/");
      if (name === "stat") return `${pid} (a) b) S ${known(Number(pid)).parent ?? 1} 0 0`;
      if (name === "environ") return known(Number(pid)).environ ?? "PATH=/bin\0";
      return files[path] ?? fail(`no file ${path}`);
    },
    pids: async () => Object.keys(processes).map(Number),
    uid: async (pid) => known(pid).uid ?? UID,
    descriptors: async (pid) => ["/dev/null", ...(known(pid).holds === false ? [] : ["socket:[777]"])],
    pidNamespace: async (pid) => (pid === "self" ? "pid:[1]" : (known(pid).namespace ?? "pid:[1]")),
  };
}

function fail(message: string): never {
  throw new Error(message);
}

const rule = (proc: Proc, part: Partial<PeerSocketOptions> = {}): ReturnType<typeof createPeerSocketRule> =>
  createPeerSocketRule({ uid: UID, storeId: "s1", isRunProcess: () => false, clock: stillClock, proc, ...part });
const from = (connection?: Connection, headers: readonly string[] = []): Call =>
  call({ rawHeaders: ["Host", "x", ...headers], ...(connection ? { connection } : {}) });

describe("PeerSocketRule.isOwner", () => {
  const v6: Connection = { localAddress: "::1", localPort: 7433, remoteAddress: "::1", remotePort: 50_000 };
  const mapped: Connection = { localAddress: "::ffff:127.0.0.1", localPort: 7433, remoteAddress: "::ffff:127.0.0.1", remotePort: 50_000 };
  const remote: Connection = { localAddress: "192.0.2.1", localPort: 7433, remoteAddress: "192.0.2.1", remotePort: 50_000 };

  const table: readonly (readonly [name: string, owner: boolean, world: World, connection: Connection | undefined])[] = [
    ["a socket of our own user", true, {}, v4],
    ["one over ::1", true, { tcp: [], tcp6: [line(clientEnds6)] }, v6],
    ["an IPv4 client of an IPv6 listener", true, {}, mapped],
    ["an IPv6 socket that speaks mapped IPv4", true, { tcp: [serverRow], tcp6: [line(clientEndsMapped)] }, v4],
    ["a socket of another user", false, { tcp: [serverRow, line(clientEnds, { uid: 1001 })] }, v4],
    ["a socket of root", false, { tcp: [serverRow, line(clientEnds, { uid: 0 })] }, v4],
    ["a socket that waits after its close", false, { tcp: [line(clientEnds, { state: "06", uid: 0, inode: 0 })] }, v4],
    ["an established socket that nobody holds", false, { tcp: [line(clientEnds, { inode: 0 })] }, v4],
    ["a half-closed socket", false, { tcp: [line(clientEnds, { state: "05" })] }, v4],
    ["a socket whose peer has closed", false, { tcp: [line(clientEnds, { state: "08" })] }, v4],
    ["no row", false, { tcp: [serverRow] }, v4],
    ["two rows", false, { tcp: [line(clientEnds), line(clientEnds, { inode: 779 })] }, v4],
    ["a row in each table", false, { tcp6: [line(clientEndsMapped)] }, v4],
    ["our own side of the connection", false, { tcp: [serverRow] }, v4],
    ["a daemon whose user is the overflow user", false, { overflow: `${UID}\n` }, v4],
    ["an address that is not loopback", false, { tcp: [line("010200C0:C350 010200C0:1D09")] }, remote],
    ["a connection without addresses", false, {}, {}],
    ["a call without a connection", false, {}, undefined],
    ["a row that is cut short", false, { tcp: [`   5: ${clientEnds} 01`] }, v4],
  ];

  it.each(table)("%s: %s", async (_name, owner, world, connection) => {
    expect(await rule(worldProc(world)).isOwner(from(connection))).toBe(owner);
  });

  it("takes root for the owner only of a daemon of root, and then by a live socket", async () => {
    const asRoot = (row: string): Promise<boolean> => rule(worldProc({ tcp: [row] }), { uid: 0 }).isOwner(from({ ...v4 }));
    expect(await asRoot(line(clientEnds, { uid: 0 }))).toBe(true);
    expect(await asRoot(line(clientEnds, { state: "06", uid: 0, inode: 0 }))).toBe(false);
    expect(await asRoot(line(clientEnds, { state: "01", uid: 0, inode: 0 }))).toBe(false);
  });

  it.each(["Origin", "origin", "Forwarded", "Via", "X-Forwarded-For", "x-forwarded-proto", "Sec-Fetch-Site", "Sec-Fetch-Mode"])(
    "is false for a request with %s, and only for that request",
    async (name) => {
      const subject = rule(worldProc());
      const connection = { ...v4 };
      expect(await subject.isOwner(from(connection, [name, "x"]))).toBe(false);
      expect(await subject.isOwner(from(connection))).toBe(true);
      expect(await subject.isOwner(from(connection, [name, "x"]))).toBe(false);
      expect(await subject.isOwner(from(connection, ["X-Note", name]))).toBe(true);
    },
  );

  it("looks once for a connection", async () => {
    let looks = 0;
    const proc = worldProc();
    const subject = rule({ ...proc, text: (path) => (looks++, proc.text(path)) });
    const connection = { ...v4 };
    await subject.isOwner(from(connection));
    const once = looks;
    await subject.isOwner(from(connection));
    expect(looks).toBe(once);
    await subject.isOwner(from({ ...v4 }));
    expect(looks).toBe(2 * once);
  });

  it("is false when something cannot be read", async () => {
    const proc = worldProc();
    for (const hidden of ["net/tcp", "net/tcp6", "sys/kernel/overflowuid"]) {
      const partial = { ...proc, text: (path: string) => (path === hidden ? Promise.reject(new Error("EACCES")) : proc.text(path)) };
      expect(await rule(partial).isOwner(from({ ...v4 }))).toBe(false);
    }
  });

  it.each([
    ["hides the row", [serverRow]],
    ["shows the row twice", [line(clientEnds), line(clientEnds)]],
  ])("looks a second time when the table %s, and believes that", async (_name, first) => {
    const looks = [first, [serverRow, line(clientEnds)]].map((tcp) => worldProc({ tcp }));
    const text = (path: string): Promise<string> =>
      ((path === "net/tcp" && looks.length > 1 ? looks.shift() : looks[0]) as Proc).text(path);
    expect(await rule({ ...worldProc(), text }).isOwner(from({ ...v4 }))).toBe(true);
  });

  it("looks again for the next call when nothing could be seen, or only late", async () => {
    const proc = worldProc();
    let [at, isHidden, readMs] = [0, true, 0];
    const text = (path: string): Promise<string> => ((at += readMs), isHidden ? Promise.reject(new Error("EMFILE")) : proc.text(path));
    const subject = rule({ ...proc, text }, { clock: { ...stillClock, monotonic: () => at } });
    const connection = { ...v4 };
    expect(await subject.isOwner(from(connection))).toBe(false);
    [isHidden, readMs] = [false, 3_000];
    expect(await subject.isOwner(from(connection))).toBe(false);
    readMs = 0;
    expect(await subject.isOwner(from(connection))).toBe(true);
    // From now on it is known.
    isHidden = true;
    expect(await subject.isOwner(from(connection))).toBe(true);
  });

  it("is false when the answer comes after five seconds, or not at all", async () => {
    let at = 0;
    const late = { ...worldProc(), text: (path: string) => ((at += 3_000), worldProc().text(path)) };
    expect(await rule(late, { clock: { ...stillClock, monotonic: () => at } }).isOwner(from({ ...v4 }))).toBe(false);
    const delays: number[] = [];
    const firing: Clock = {
      ...stillClock,
      schedule: (task, delayMs) => {
        delays.push(delayMs);
        task();
        return () => {};
      },
    };
    const never = { ...worldProc(), text: () => new Promise<string>(() => {}) };
    expect([await rule(never, { clock: firing }).isOwner(from({ ...v4 })), delays]).toEqual([false, [5_000]]);
  });
});

describe("PeerSocketRule.prove", () => {
  const table: readonly (readonly [name: string, proven: boolean, world: World])[] = [
    ["a process that is no run's", true, {}],
    ["two processes that share the socket", true, { processes: { 42: {}, 43: {} } }],
    ["the cookie of another store", true, { processes: { 42: { environ: "ANODED_COOKIE=s2.R-1\0" } } }],
    ["a store whose name begins alike", true, { processes: { 42: { environ: "ANODED_COOKIE=s10.R-1\0" } } }],
    ["a variable that holds the cookie's text", true, { processes: { 42: { environ: "X=ANODED_COOKIE=s1.R-1\0" } } }],
    ["nobody who holds it", false, { processes: { 42: { holds: false } } }],
    ["a holder of another user", false, { processes: { 42: { uid: 0 } } }],
    ["the cookie of a run", false, { processes: { 42: { environ: "PATH=/bin\0ANODED_COOKIE=s1.R-1\0" } } }],
    ["a second holder with the cookie", false, { processes: { 42: {}, 43: { environ: "ANODED_COOKIE=s1.R-1" } } }],
    ["a run's own process", false, { processes: { 99: {} } }],
    ["a child of a run's process", false, { processes: { 42: { parent: 99 }, 99: { holds: false } } }],
    [
      "a descendant of a run's process",
      false,
      { processes: { 42: { parent: 41 }, 41: { parent: 99, holds: false }, 99: { holds: false } } },
    ],
    ["a parent that cannot be read", false, { processes: { 42: { parent: 41 } } }],
    ["another pid namespace", false, { processes: { 42: { namespace: "pid:[2]" } } }],
    ["a socket that has been closed", false, { tcp: [line(clientEnds, { state: "06", inode: 0 })] }],
  ];

  it.each(table)("%s: %s", async (_name, proven, world) => {
    expect(await rule(worldProc(world), { isRunProcess: (pid) => pid === 99 }).prove(from({ ...v4 }))).toBe(proven);
  });

  it("looks anew for each call", async () => {
    let environ = "";
    const proc = { ...worldProc(), text: (path: string) => (path === "42/environ" ? Promise.resolve(environ) : worldProc().text(path)) };
    const subject = rule(proc);
    const connection = { ...v4 };
    expect(await subject.prove(from(connection))).toBe(true);
    environ = "ANODED_COOKIE=s1.R-1\0";
    expect(await subject.prove(from(connection))).toBe(false);
  });

  it("is false when the environment of the holder is hidden, and skips processes that ended meanwhile", async () => {
    const proc = worldProc();
    const hidden = { ...proc, text: (path: string) => (path.endsWith("environ") ? Promise.reject(new Error("EACCES")) : proc.text(path)) };
    expect(await rule(hidden).prove(from({ ...v4 }))).toBe(false);
    expect(await rule({ ...proc, pids: async () => [41, 42] }).prove(from({ ...v4 }))).toBe(true);
  });
});

describe("socketKeys", () => {
  it("spells addresses as the kernel does, in either byte order", () => {
    const ends = [
      { address: "127.0.0.1", port: 80 },
      { address: "10.1.2.3", port: 50_000 },
    ] as const;
    expect(socketKeys(...ends, "LE")[1]).toEqual({ table: "net/tcp", local: "0100007F:0050", remote: "0302010A:C350" });
    expect(socketKeys(...ends, "BE")[1]).toEqual({ table: "net/tcp", local: "7F000001:0050", remote: "0A010203:C350" });
    expect(socketKeys({ address: "2001:db8::ff00:42:8329", port: 1 }, { address: "::1", port: 2 }, "LE")).toEqual([
      { table: "net/tcp6", local: "B80D01200000000000FF000029834200:0001", remote: "00000000000000000000000001000000:0002" },
    ]);
    expect(socketKeys({ address: "nonsense", port: 1 }, { address: "::1", port: 2 }, "LE")).toEqual([]);
  });

  it("finds no row by a part of an address", () => {
    const key = { table: "net/tcp", local: "0100007F:C350", remote: "0100007F:1D09" } as const;
    expect(rowsOf([heading, line("1100007F:C350 0100007F:1D09"), line("0100007F:C350 0100007F:1D0")].join("\n"), key)).toEqual([]);
  });
});
