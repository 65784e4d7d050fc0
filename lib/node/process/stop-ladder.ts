import type { Clock } from "../../host.js";
import type { Members } from "./members.js";
import type { Tree } from "./levels/level.js";

/** A process that could not be ended. */
export interface Leak {
  readonly pid: number;
  readonly name: string;
}

/** How a tree is brought down. */
export interface StopOptions {
  readonly clock: Clock;
  /** Time between TERM and KILL. */
  readonly politeMs: number;
  /** Time the sweep after KILL takes at most. */
  readonly killMs: number;
  /** Resolves when the leader has exited: looked at once, without waiting for the next round. */
  readonly leaderExited?: Promise<unknown>;
  /** Hears of the signals, each once; must not throw. */
  readonly told?: (signal: "SIGTERM" | "SIGKILL", targets: number) => void;
}

const roundMs = 25;

/**
 * Ends a tree: TERM, a polite wait, freeze and KILL, then a sweep until two looks in a row find nothing.
 * @returns what is still alive when the time for the sweep is over
 */
export async function stopTree(tree: Tree, options: StopOptions): Promise<readonly Leak[]> {
  const { clock, politeMs, killMs, told } = options;
  const members = await tree.scan();
  if (members.size > 0) {
    const targets = await tree.terminate(members);
    if (targets > 0) told?.("SIGTERM", targets);
    await emptied(tree, clock, politeMs, options.leaderExited);
  }
  let killed = false;
  return sweep(tree, clock, killMs, (targets) => {
    if (!killed) told?.("SIGKILL", targets);
    killed = true;
  });
}

async function emptied(tree: Tree, clock: Clock, politeMs: number, leaderExited?: Promise<unknown>): Promise<void> {
  const deadline = clock.monotonic() + politeMs;
  let exited: Promise<unknown> | undefined = leaderExited?.then(() => (exited = undefined));
  while (clock.monotonic() < deadline) {
    const pause = sleep(clock, Math.min(roundMs, deadline - clock.monotonic()));
    await (exited ? Promise.race([exited, pause]) : pause);
    if ((await tree.scan()).size === 0) return;
  }
}

async function sweep(tree: Tree, clock: Clock, killMs: number, hit: (targets: number) => void): Promise<readonly Leak[]> {
  const deadline = clock.monotonic() + killMs;
  for (let clean = 0; ; ) {
    const members = await tree.scan();
    if (members.size === 0) {
      clean += 1;
      if (clean === 2) return [];
      continue;
    }
    clean = 0;
    if (clock.monotonic() >= deadline) return leaksOf(members);
    const targets = tree.kill(members);
    if (targets > 0) hit(targets);
    await sleep(clock, roundMs);
  }
}

function leaksOf(members: Members): readonly Leak[] {
  return [...members.values()].map(({ pid, name }) => ({ pid, name }));
}

/** Resolves after `ms` of the clock. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.schedule(resolve, ms));
}

/** The promise's value, or `undefined` when it takes longer than `ms` of the clock. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  let cancel = (): void => {};
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.schedule(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    cancel();
  }
}
