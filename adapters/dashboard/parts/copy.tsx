import type { JSX } from "preact";
import { useState } from "preact/hooks";

/** A button that copies a text. */
export function Copy({
  text,
  children,
  label,
}: {
  readonly text: string;
  readonly children: string;
  readonly label?: string;
}): JSX.Element {
  const [said, say] = useState("");
  const copy = (): void =>
    void navigator.clipboard.writeText(text).then(
      () => say("Copied"),
      () => say("The browser does not let this page copy."),
    );
  return (
    <span class="action">
      <button type="button" aria-label={label} onClick={copy}>
        {children}
      </button>
      <span role="status" class="said">
        {said}
      </span>
    </span>
  );
}
