/** What goes into a runtime's settings. */
export interface SettingsRequest {
  /** Absolute paths of Node and of the program. */
  readonly node: string;
  readonly program: string;
  /** Tools that are asked about before they run; absent without approval. */
  readonly approval?: { readonly gatedTools: readonly string[]; readonly waitMs: number } | undefined;
}
