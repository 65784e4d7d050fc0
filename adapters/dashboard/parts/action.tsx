import type { ComponentChildren, JSX } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import type { Scope } from "../../../lib/caller.js";
import { useApp } from "../use.js";
import { confirmed } from "./confirm.js";
import { Problem } from "./problem.js";

interface ActionProps {
  /** What the button is called where its text alone would not tell. */
  readonly label?: string;
  readonly scope: Scope;
  readonly run: () => Promise<unknown>;
  /** Asked first; names the thing. */
  readonly confirm?: string;
  readonly tone?: "primary" | "danger";
  readonly isSubmit?: boolean;
  readonly children: ComponentChildren;
}

/** Does something while it is open: what is at work, and what went wrong. */
export function useWork(): { readonly isOpen: boolean; readonly error: unknown; start(work: () => Promise<unknown>): Promise<void> } {
  const [state, setState] = useState<{ readonly isOpen: boolean; readonly error?: unknown }>({ isOpen: false });
  // The button is shut with the next frame, which a second click can forestall.
  const isOpen = useRef(false);
  return {
    isOpen: state.isOpen,
    error: state.error,
    async start(work) {
      if (isOpen.current) return;
      isOpen.current = true;
      setState({ isOpen: true });
      const error = await work().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      isOpen.current = false;
      setState({ isOpen: false, error });
    },
  };
}

/** A button that calls an operation: shut while its call is open, and for those whose token lacks the scope, with the reason. */
export function Action({ label, scope, run, confirm, tone, children }: ActionProps): JSX.Element {
  const { missing } = useApp();
  const work = useWork();
  const reason = missing(scope);
  const id = useId();
  const start = async (): Promise<void> => {
    if (confirm === undefined || (await confirmed(confirm, String(children)))) await work.start(run);
  };
  return (
    <span class="action">
      <button
        type="button"
        class={tone}
        disabled={reason !== undefined || work.isOpen}
        aria-label={label}
        {...(reason !== undefined && { "aria-describedby": id, title: reason })}
        onClick={() => void start()}
      >
        {children}
      </button>
      {reason !== undefined && (
        <span id={id} class="hidden">
          {reason}
        </span>
      )}
      <Problem error={work.error} />
    </span>
  );
}
