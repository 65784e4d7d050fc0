/** Above this many streams a write for each reader and event costs more than what waiting for the next event does. */
const manyStreams = 200;
const windowMs = 2;

type Later = (task: () => void) => unknown;

/** When readers of a door that were just written to look again. */
export interface Pace {
  /** Counts a stream until the returned function is called. */
  join(): () => void;
  /** Goes on in the next turn of the event loop, or after 2 ms where streams are many. */
  pause(goOn: () => void): void;
}

/**
 * One pause for all readers of a door: what is committed meanwhile goes out as one write for each of them, however many commits
 * it was.
 */
export function createPace(nextTurn: Later = setImmediate, nextWindow: Later = (task) => setTimeout(task, windowMs)): Pace {
  let streams = 0;
  let paused: (() => void)[] = [];

  const goOn = (): void => {
    const all = paused;
    paused = [];
    for (const task of all) task();
  };

  return {
    join() {
      streams += 1;
      return () => void (streams -= 1);
    },
    pause(task) {
      if (paused.push(task) === 1) (streams > manyStreams ? nextWindow : nextTurn)(goOn);
    },
  };
}
