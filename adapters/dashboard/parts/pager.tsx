import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

/** Where one is in a list that is read page by page. */
export interface Pages {
  /** What the list's operation takes. */
  readonly input: { readonly cursor?: string };
  readonly key: string;
  readonly isFirst: boolean;
  older(cursor: string): void;
  newer(): void;
}

/** Begins at the newest page, and again for another filter. */
export function usePages(filter: unknown): Pages {
  const [cursors, setCursors] = useState<readonly string[]>([]);
  useEffect(() => setCursors([]), [filter]);
  const cursor = cursors.at(-1);
  return {
    input: cursor === undefined ? {} : { cursor },
    key: cursor ?? "",
    isFirst: cursor === undefined,
    older: (next) => setCursors([...cursors, next]),
    newer: () => setCursors(cursors.slice(0, -1)),
  };
}

/** The buttons to the pages beside this one. */
export function Pager({ pages, next }: { readonly pages: Pages; readonly next: string | undefined }): JSX.Element | null {
  if (pages.isFirst && next === undefined) return null;
  return (
    <nav class="actions" aria-label="Pages of the list">
      <button type="button" disabled={pages.isFirst} onClick={() => pages.newer()}>
        Newer
      </button>
      <button type="button" disabled={next === undefined} onClick={() => next !== undefined && pages.older(next)}>
        Older
      </button>
    </nav>
  );
}
