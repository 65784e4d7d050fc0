/** One promise of a plug point. */
export interface SuiteCase<Subject> {
  /** Stable name of the promise, `<plug point>.<clause>`; several cases may prove one clause. */
  readonly clause: string;
  /** What the part does, as a sentence in the present tense. */
  readonly title: string;
  /** Ability without which the case does not apply. */
  readonly needs?: string;
  /** Rejects when the promise is broken. */
  run(subject: Subject): Promise<void>;
}

/** All promises of a plug point, to be run on each of its implementations. */
export interface Suite<Subject> {
  readonly plugPoint: string;
  readonly cases: readonly SuiteCase<Subject>[];
}

/** How a test runner registers a test: `it` of vitest, `test` of `node:test`, and the like. */
export interface Register {
  (title: string, body: () => Promise<void>): unknown;
  skip(title: string, body: () => Promise<void>): unknown;
}

/**
 * Registers each case of a suite as a test. A case that needs an ability the subject does not declare in `supports` is
 * registered as skipped, with its clause, so that the report says what was not proven.
 */
export function runSuite<Subject extends { readonly supports: object }>(register: Register, suite: Suite<Subject>, subject: Subject): void {
  for (const entry of suite.cases) {
    const title = `${entry.clause}: ${entry.title}`;
    const body = (): Promise<void> => entry.run(subject);
    if (isSupported(subject.supports, entry.needs)) register(title, body);
    else register.skip(`${title} (needs ${entry.needs})`, body);
  }
}

/** A broken promise. */
export interface SuiteFailure {
  readonly clause: string;
  readonly title: string;
  readonly error: unknown;
}

/** Runs each case that applies, outside of any test runner, and answers the broken promises. */
export async function failuresOf<Subject extends { readonly supports: object }>(
  suite: Suite<Subject>,
  subject: Subject,
): Promise<readonly SuiteFailure[]> {
  const failures: SuiteFailure[] = [];
  for (const { clause, title, needs, run } of suite.cases) {
    if (!isSupported(subject.supports, needs)) continue;
    await run(subject).catch((error: unknown) => failures.push({ clause, title, error }));
  }
  return failures;
}

function isSupported(supports: object, need: string | undefined): boolean {
  return need === undefined || (supports as Record<string, unknown>)[need] === true;
}
