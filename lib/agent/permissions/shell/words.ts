/** A word of a shell command. */
export interface Word {
  /** As it stands in the text. */
  readonly raw: string;
  /** Without quotes and escapes; what an expansion gives is unknown and left out. */
  readonly value: string;
  /** True when the shell puts in something that is not in the text: a variable, a command's output, names of files. */
  readonly expands: boolean;
}

/** Where output or input goes. */
export interface Redirection {
  /** Without the number of a descriptor: `>`, `>>`, `<`, `>&`, `<<<`, … */
  readonly operator: string;
  readonly target: Word;
}

/** A command without `;`, `&&`, `|` or groups: its program and arguments. */
export interface SimpleCommand {
  /** As it stands in the text, redirections and assignments included. */
  readonly text: string;
  readonly assignments: readonly string[];
  readonly words: readonly Word[];
  readonly redirections: readonly Redirection[];
  /** True when it reads from a pipe, whoever writes. */
  readonly isPiped: boolean;
  /** The commands before it in its pipe, as far as they are known; nearest last. */
  readonly pipedFrom: readonly SimpleCommand[];
}

/** A shell text taken apart; `commands` holds the inner ones of substitutions too. */
export type Lexed = { readonly ok: true; readonly commands: readonly SimpleCommand[] } | { readonly ok: false; readonly why: string };

/** A text that this lexer does not understand, or is not sure of. */
export class Unlexable extends Error {}
