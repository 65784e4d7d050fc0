import { constants } from "node:os";
import type { Members } from "../members.js";
import type { ProcessTable } from "../process-table.js";
import { signalVerified } from "../signal-verified.js";
import { resolveCommand } from "../resolve-command.js";
import { cookieOf, createGroupTree } from "./group.js";
import type { Hidden, Level, Tree } from "./level.js";

/**
 * The first process of the namespace. The kernel keeps from it every signal it has no handler for, hence the trap, and
 * it starts the command as a child, so that the command meets signals as anywhere else. A shell gives its background
 * jobs an empty input and deafness to INT and QUIT, and it tells of their deaths on the error output; all three are undone.
 */
const init = (tool: Tool) => `
trap 'kill -TERM -1 2>/dev/null' TERM
exec 3<&0 4>&2 </dev/null 2>/dev/null
'${tool("env")}' --default-signal=INT,QUIT '${tool("sh")}' -c 'exec "$@"' sh "$@" <&3 2>&4 3<&- 4>&- &
w=$!
exec 3<&- 4>&-
while :; do wait $w; s=$?; kill -0 $w 2>/dev/null || exit $s; done`;

/** Covers what is hidden, while there is still the right to mount: `$0` is the folder, `$1` how many sockets follow. */
const cover = (tool: Tool) => `
'${tool("mount")}' -t tmpfs -o size=4k,mode=000 tmpfs "$0" || exit 126
n=$1; shift
while [ "$n" -gt 0 ]; do '${tool("mount")}' --bind /dev/null "$1" || exit 126; shift; n=$((n - 1)); done
exec "$@"`;

type Tool = (name: string) => string;
// By our own PATH and once: the child's PATH is for the command alone.
const tools = new Map<string, string>();
const findTool: Tool = (name) => {
  const path = tools.get(name) ?? resolveCommand(name, "/", process.env["PATH"]);
  tools.set(name, path);
  return path;
};

/**
 * The argv that starts `argv` in a PID namespace of its own, without capabilities, and with nothing to see of what is hidden.
 * @throws `spawn_failed` when a tool it takes is not installed
 */
export function namespacedArgv(argv: readonly string[], hide?: Hidden): readonly string[] {
  const tool = findTool;
  const namespaces = ["-U", "--map-current-user", "--keep-caps", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"];
  const outer = [tool("setpriv"), "--pdeathsig", "KILL", "--", tool("unshare"), ...namespaces];
  const powerless = [tool("setpriv"), "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"];
  const inner = [...powerless, tool("sh"), "-c", init(tool), "init", ...argv];
  if (!hide) return [...outer, ...inner];
  return [...outer, tool("sh"), "-c", cover(tool), hide.home, String(hide.sockets.length), ...hide.sockets, ...inner];
}

/** Level `pidns`: ends with its first process, even when this program is killed by force. */
export function createPidnsLevel(table: ProcessTable, storeId: string, hide?: Hidden): Level {
  return {
    name: "pidns",
    enclose: (runId) => ({
      wrap: (argv) => namespacedArgv(argv, hide),
      tree(leader) {
        const whole = createGroupTree(table, { leader, cookie: cookieOf(storeId, runId), cookieSuffices: true });
        return createPidnsTree(table, whole, leader.pid);
      },
      release: () => {},
    }),
  };
}

function createPidnsTree(table: ProcessTable, whole: Tree, outer: number): Tree {
  const { reader } = table;
  const initOf = (members: Members) => [...members.values()].find((info) => info.ppid === outer)?.pid;
  return {
    scan: whole.scan,
    /** To the first process alone, which passes it on: whoever is signaled twice may take it for "quit at once". */
    async terminate(members) {
      if (!members.has(outer)) return 0;
      for (let now = members, attempt = 0; attempt < 20; attempt += 1) {
        const first = initOf(now);
        // Before it has its handler, the signal would be lost on it.
        if (first !== undefined && reader.catches(first, constants.signals.SIGTERM))
          return signalVerified(reader, now, first, "SIGTERM") ? 1 : 0;
        await new Promise((resolve) => setTimeout(resolve, 10));
        now = await whole.scan();
      }
      return 0;
    },
    /** The outer process takes the first one with it and that one all others; without it the rest is hit one by one. */
    kill: (members) => (signalVerified(reader, members, outer, "SIGKILL") ? 1 : whole.kill(members)),
  };
}
