/** What was looked for: there, not there, or not to be known now. Never is the last taken for one of the others. */
export type Probe<Found> =
  | { readonly probe: "ok"; readonly found: Found }
  | { readonly probe: "fail" }
  | { readonly probe: "unavailable"; readonly reason: string };

/** A pane of a terminal multiplexer, as it is at one moment. */
export interface Pane {
  /** `%` and digits; never given again while the multiplexer's server lives. */
  readonly pane_id: string;
  /** The pane's first process. */
  readonly pid: number;
  /** Name of the program in the foreground, as it calls itself. */
  readonly command: string;
  readonly cwd: string;
  readonly session: string;
  readonly window: string;
  /** True while the pane shows something else than its program, as in copy mode: keys would not reach the program. */
  readonly in_mode: boolean;
}

/** One process of a pane. */
export interface PaneProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly name: string;
  /** With the pid this is the same process for ever. */
  readonly started: number;
  /** True when what is typed into the pane reaches this process or its job; a job that is stopped has no part in it. */
  readonly foreground: boolean;
}

/** What a new pane runs. */
export interface NewPane {
  readonly session: string;
  readonly cwd: string;
  readonly argv: readonly string[];
}

/**
 * Terminals of others in which agents run: tmux, an in-memory twin, or none at all. Nothing here belongs to a run and
 * nothing is contained; a pane is looked at, and text is put into it.
 *
 * The looks (`list`, `get`, `tree`) never reject but for a malformed id. They answer `fail` only when it is certain that
 * there is no such pane, and `unavailable` for everything that went wrong on the way: no program, no answer in time, a
 * table of processes that shows others. A list may be empty because its server is not there, so one empty list proves
 * nothing. What acts (`paste`, `submit`, `create`, `kill`) rejects with `pane_not_found`, `pane_backend_unavailable` or
 * `injection_failed`; after `injection_failed` part of it may have happened.
 *
 * Whoever pastes looks first whether it is safe: a backend asks nothing about the program in the pane.
 */
export interface PaneBackend {
  readonly kind: "tmux" | "memory" | "none";
  /** Which of the optional members are there. */
  readonly supports: { readonly create?: boolean; readonly kill?: boolean };
  list(): Promise<Probe<readonly Pane[]>>;
  /** @throws `invalid_pane_id` */
  get(paneId: string): Promise<Probe<Pane>>;
  /**
   * The pane's first process and all below it, the first one first. A pane whose program has ended has none.
   * @throws `invalid_pane_id`
   */
  tree(paneId: string): Promise<Probe<readonly PaneProcess[]>>;
  /**
   * Puts text in front of the pane's program as one bracketed paste where the program knows such. What could act as a key
   * or end the paste early is taken out first ({@link plainText}), line ends stay LF, no Enter follows, and nothing of
   * the text stays elsewhere. Two pastes at once do not mix.
   * @throws `invalid_pane_id`, `pane_not_found`, `pane_backend_unavailable`, `injection_failed`
   */
  paste(paneId: string, text: string): Promise<void>;
  /**
   * Presses Enter once.
   * @throws `invalid_pane_id`, `pane_not_found`, `pane_backend_unavailable`, `injection_failed`
   */
  submit(paneId: string): Promise<void>;
  /**
   * Starts a program in a pane of its own and answers the pane; the session is made when there is none of this name.
   * @throws `pane_backend_unavailable`, `injection_failed`
   */
  create?(options: NewPane): Promise<Pane>;
  /**
   * Ends a pane with all that runs in its terminal.
   * @throws `invalid_pane_id`, `pane_not_found`, `pane_backend_unavailable`
   */
  kill?(paneId: string): Promise<void>;
}
