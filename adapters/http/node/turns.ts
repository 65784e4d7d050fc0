/** Something that answers on a connection. Gives `false` when the connection must not be used any more; never rejects. */
export type Turn = () => Promise<boolean>;

/** The answers of one connection, one at a time and in order. */
export interface Turns {
  /** Adds a turn; after one that ended the connection nothing runs any more. */
  add(turn: Turn): void;
  /** True once a turn has ended the connection. */
  readonly ended: boolean;
  readonly waiting: number;
}

/**
 * Pipelined requests wait for the answer before theirs: one that follows an answer which ends the connection must not have an
 * effect, since nobody would learn of it. The first of a connection that was idle begins when `start` resolves; `onIdle` is called when
 * nothing waits any more.
 */
export function createTurns(start: () => Promise<void>, onIdle: () => void): Turns {
  const waiting: Turn[] = [];
  let busy = false;
  let ended = false;

  async function run(): Promise<void> {
    busy = true;
    await start();
    for (let turn = waiting.shift(); turn && !ended; turn = waiting.shift()) {
      ended = !(await turn());
    }
    busy = false;
    waiting.length = 0;
    onIdle();
  }

  return {
    add(turn) {
      if (ended) return;
      waiting.push(turn);
      if (!busy) void run();
    },
    get ended() {
      return ended;
    },
    get waiting() {
      return waiting.length;
    },
  };
}
