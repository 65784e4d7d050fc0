import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { cell } from "../cell.js";
import { useCell } from "../use.js";
import { visibleText } from "../visible-text.js";

interface Asked {
  readonly text: string;
  readonly yes: string;
  settle(isYes: boolean): void;
}

const asked = cell<Asked | undefined>(undefined);

/** Asks before something that cannot be taken back. `text` names the thing. */
export function confirmed(text: string, yes: string): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (isYes: boolean): void => {
      asked.set(undefined);
      resolve(isYes);
    };
    asked.set({ text, yes, settle });
  });
}

/** The dialog of {@link confirmed}; once on the page. */
export function ConfirmDialog(): JSX.Element | null {
  const now = useCell(asked);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (now && !dialog.current?.open) dialog.current?.showModal();
  }, [now]);
  if (!now) return null;
  return (
    <dialog ref={dialog} aria-labelledby="confirm-text" onCancel={() => now.settle(false)}>
      <p id="confirm-text">{visibleText(now.text)}</p>
      <p class="actions">
        {/* The safe one has the focus. */}
        <button type="button" autofocus onClick={() => now.settle(false)}>
          No
        </button>
        <button type="button" class="danger" onClick={() => now.settle(true)}>
          {now.yes}
        </button>
      </p>
    </dialog>
  );
}
