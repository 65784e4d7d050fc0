/** Above this many streams a write for each reader and event costs more than what waiting for the next event does. */
const manyStreams = 200;
const windowMs = 2;

type Later = (task: () => void) => unknown;

/** When a door goes on: whatever waits for the same moment goes on together. */
export interface Pace {
  /** Resolves in the next turn of the event loop. */
  turn(): Promise<void>;
  /** Counts a stream until the returned function is called. */
  join(): () => void;
  /** When readers that were just written to look again: in the next turn of the event loop, or after 2 ms where streams are many. */
  pause(goOn: () => void): void;
}

/**
 * One turn for all requests of a door, and one pause for all its readers: what is committed meanwhile goes out as one write for each of
 * them, however many commits it was.
 */
export function createPace(nextTurn: Later = setImmediate, nextWindow: Later = (task) => setTimeout(task, windowMs)): Pace {
  let streams = 0;
  let paused: (() => void)[] = [];
  let next: Promise<void> | undefined;

  const goOn = (): void => {
    const all = paused;
    paused = [];
    for (const task of all) task();
  };

  return {
    turn: () =>
      (next ??= new Promise((resolve) => {
        nextTurn(() => {
          next = undefined;
          resolve();
        });
      })),
    join() {
      streams += 1;
      return () => void (streams -= 1);
    },
    pause(task) {
      if (paused.push(task) === 1) (streams > manyStreams ? nextWindow : nextTurn)(goOn);
    },
  };
}
