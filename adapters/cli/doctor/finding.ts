/** What a check found; `detail` says it in one line, with the command that repairs it where there is one. */
export interface Finding {
  readonly status: "ok" | "warn" | "fail" | "skip";
  readonly detail: string;
}

/** What the checks look at. */
export interface Subject {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The daemon's status document; absent when none answers. */
  readonly daemon?: Readonly<Record<string, unknown>>;
  /** Why none answers. */
  readonly refusal?: unknown;
  /** Reads the whole store. */
  readonly isDeep: boolean;
}

/** One thing that is looked at. A check that throws has failed. */
export interface Check {
  readonly name: string;
  find(subject: Subject): Finding | Promise<Finding>;
}

export const ok = (detail: string): Finding => ({ status: "ok", detail });
export const warn = (detail: string): Finding => ({ status: "warn", detail });
export const fail = (detail: string): Finding => ({ status: "fail", detail });
export const skip = (detail: string): Finding => ({ status: "skip", detail });
