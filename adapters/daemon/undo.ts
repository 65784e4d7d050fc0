/** What was opened, to be closed in reverse. */
export interface Undo {
  /** Adds a step; steps run once, the newest first. */
  add(step: () => unknown): void;
  /** Runs all steps; one that fails stops none of the others. */
  run(): Promise<void>;
}

/** An empty list of steps. `failed` hears of steps that throw. */
export function createUndo(failed: (error: unknown) => void = () => {}): Undo {
  const steps: (() => unknown)[] = [];
  return {
    add: (step) => void steps.push(step),
    async run() {
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step();
        } catch (error) {
          failed(error);
        }
      }
    },
  };
}
