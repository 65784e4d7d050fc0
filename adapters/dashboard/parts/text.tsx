import type { JSX } from "preact";
import { visibleText } from "../visible-text.js";

/** Foreign text within a line. It is isolated, so that it turns nothing around it. */
export function Text({ of: text, ...rest }: { readonly of: string; readonly class?: string; readonly title?: string }): JSX.Element {
  return <bdi {...rest}>{visibleText(text)}</bdi>;
}

/** Foreign text of several lines, as it is; what people and models say to each other in the letters of the page. */
export function Block({
  of: text,
  label,
  isProse = false,
}: {
  readonly of: string;
  readonly label?: string;
  readonly isProse?: boolean;
}): JSX.Element {
  return (
    <pre class={isProse ? "prose" : undefined} dir="auto" tabIndex={0} {...(label !== undefined && { "aria-label": label, role: "group" })}>
      {visibleText(text)}
    </pre>
  );
}
