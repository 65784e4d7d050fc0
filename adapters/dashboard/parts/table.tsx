import type { ComponentChildren, JSX } from "preact";

interface TableProps {
  readonly caption: string;
  readonly heads: readonly string[];
  /** Its rows. */
  readonly children: readonly ComponentChildren[];
  /** Said when there is none. */
  readonly empty: ComponentChildren;
}

/** A table with a caption; it scrolls by itself where the page is narrow. */
export function Table({ caption, heads, children, empty }: TableProps): JSX.Element {
  if (children.length === 0) return <p class="empty">{empty}</p>;
  return (
    <div class="scroll" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
