/** What makes a process the same one over time: a number alone is given to others after its death. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start. */
  readonly start_ticks: number;
  /** The boot in which pid and ticks mean something. */
  readonly boot_id: string;
}

/** One line of the process table. */
export interface ProcessInfo {
  readonly pid: number;
  readonly name: string;
  /** The kernel's letter: `R`, `S`, `D`, `T`, `Z`, … */
  readonly state: string;
  readonly ppid: number;
  readonly group: number;
  readonly session: number;
  readonly startTicks: number;
  /** True for a member of the group that its terminal listens to; never without a terminal. */
  readonly foreground: boolean;
}

/** The contents of `/proc/<pid>/stat`; `undefined` when it is not one. */
export function parseStat(text: string): ProcessInfo | undefined {
  // The name is the program's to choose and may hold spaces and brackets, so the fields count from the last bracket.
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 1 || close < open) return undefined;
  const fields = text.slice(close + 2, close + 512).split(" ", 20);
  const number = (index: number) => Number.parseInt(fields[index] ?? "", 10);
  const info: ProcessInfo = {
    pid: Number.parseInt(text, 10),
    name: text.slice(open + 1, close),
    state: fields[0] ?? "",
    ppid: number(1),
    group: number(2),
    session: number(3),
    startTicks: number(19),
    foreground: number(2) === number(5),
  };
  return Number.isSafeInteger(info.pid) && Number.isSafeInteger(info.startTicks) ? info : undefined;
}

/** True when the contents of `/proc/<pid>/stat` are those of a thread of the kernel. */
export function isKernelThread(text: string): boolean {
  const flags = Number.parseInt(text.slice(text.lastIndexOf(")") + 2).split(" ", 7)[6] ?? "", 10);
  return (flags & 0x20_0000) !== 0;
}

/** True for what only waits to be reaped: it runs no more and takes no signal. */
export function isDead(info: ProcessInfo): boolean {
  return info.state === "Z" || info.state === "X" || info.state === "x";
}

/** What the system knows of its processes. Every method is synchronous, so that a look and a signal share one block. */
export interface ProcessReader {
  /** True when the initial environment of other processes can be read. */
  readonly seesCookies: boolean;
  bootId(): string;
  /** One process, dead ones that were not reaped included. */
  read(pid: number): ProcessInfo | undefined;
  list(): ProcessInfo[];
  /** The cookies that begin with a text, of all processes. */
  bearers(prefix: string): string[];
  /** The value of the cookie in the process's initial environment. */
  cookie(pid: number): string | undefined;
  /** True when the process has a handler for the signal with this number. */
  catches(pid: number, signal: number): boolean;
}
