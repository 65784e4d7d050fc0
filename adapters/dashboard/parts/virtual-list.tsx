import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useReducer, useRef } from "preact/hooks";
import { Heights } from "../heights.js";

interface VirtualListProps {
  readonly label: string;
  readonly count: number;
  readonly draw: (index: number) => ComponentChildren;
  readonly keyOf: (index: number) => string;
  /** What matters is what comes. @defaultValue true */
  readonly beginsAtEnd?: boolean;
}

const guessPx = 34;
const rowsBeyond = 6;
const atEndPx = 40;

/**
 * A list of which only the rows in view exist. It stays at its end while it is there, so that what comes is seen; who scrolls up is
 * left where they are.
 */
export function VirtualList({ label, count, draw, keyOf, beginsAtEnd = true }: VirtualListProps): JSX.Element {
  const [, redraw] = useReducer((value: number) => value + 1, 0);
  const heights = useRef<Heights | undefined>(undefined);
  const view = useRef<HTMLDivElement>(null);
  const stays = useRef(beginsAtEnd);
  heights.current ??= new Heights(guessPx);
  const known = heights.current;
  known.resize(count);
  const [top, height] = [view.current?.scrollTop ?? 0, view.current?.clientHeight ?? 800];
  const seenTop = stays.current ? Math.max(0, known.total - height) : top;
  const [from, to] = known.range(seenTop, height, rowsBeyond);

  // oxlint-disable-next-line react-hooks/exhaustive-deps -- what was drawn is measured, whatever it was drawn for
  useLayoutEffect(() => {
    const box = view.current;
    if (!box) return;
    let isOther = false;
    for (const element of box.querySelectorAll<HTMLElement>(":scope > ol > li")) {
      if (known.set(Number(element.dataset["index"]), element.offsetHeight)) isOther = true;
    }
    if (stays.current) box.scrollTop = box.scrollHeight;
    if (isOther) redraw(undefined);
  });

  const onScroll = (): void => {
    const box = view.current;
    if (!box) return;
    stays.current = box.scrollHeight - box.scrollTop - box.clientHeight < atEndPx;
    redraw(undefined);
  };
  return (
    <div class="list" ref={view} onScroll={onScroll} tabIndex={0} role="region" aria-label={label}>
      <ol aria-label={label} style={{ paddingTop: `${known.top(from)}px`, paddingBottom: `${Math.max(0, known.total - known.top(to))}px` }}>
        {Array.from({ length: to - from }, (_, at) => (
          <li key={keyOf(from + at)} data-index={from + at} aria-setsize={count} aria-posinset={from + at + 1}>
            {draw(from + at)}
          </li>
        ))}
      </ol>
    </div>
  );
}
