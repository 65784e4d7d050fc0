import type { ProcessIdentity } from "../identity.js";
import type { Members } from "../members.js";

/** How tightly a run's processes are held together, from loose to tight. */
export type LevelName = "group" | "group+cookie" | "pidns" | "cgroup";

/** All levels, in the order in which they are shown. */
export const levelNames: readonly LevelName[] = ["group", "group+cookie", "pidns", "cgroup"];

/** What a run's processes shall not reach; possible at `pidns` only. */
export interface Hidden {
  /** A folder that appears empty and closed. */
  readonly home: string;
  /** Sockets elsewhere that appear as `/dev/null`. */
  readonly sockets: readonly string[];
}

/** One way of containment. It holds no state of a run. */
export interface Level {
  readonly name: LevelName;
  /** Makes room for one run; to be released even when its start fails. */
  enclose(runId: string): Enclosure;
}

/** The room of one run. */
export interface Enclosure {
  /** The argv that starts `argv` inside. */
  wrap(argv: readonly string[]): readonly string[];
  /** The tree that grows from the started process. */
  tree(leader: ProcessIdentity): Tree;
  /** Frees what the level holds for the run; does nothing while processes are left in it. */
  release(): void;
}

/** The processes of one run. Signals go only to members of the last scan, each identity checked again. */
export interface Tree {
  /** The live processes now. */
  scan(): Promise<Members>;
  /** Sends TERM once to each that shall have it; answers how many got it. */
  terminate(members: Members): Promise<number>;
  /** Freezes and kills; answers how many were hit. */
  kill(members: Members): number;
}
