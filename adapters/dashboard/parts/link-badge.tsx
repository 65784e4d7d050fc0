import type { JSX } from "preact";
import type { Cell } from "../cell.js";
import type { Link } from "../follow.js";
import { useCell, useNow } from "../use.js";
import { visibleText } from "../visible-text.js";

/** How it is with a stream: live, reconnecting in n s, offline. */
export function LinkBadge({ link, name }: { readonly link: Cell<Link>; readonly name: string }): JSX.Element {
  const now = useCell(link);
  const tone =
    now.state === "live" ? "good" : now.state === "offline" || now.state === "failed" ? "bad" : now.state === "ended" ? "plain" : "warn";
  return (
    <span class={`badge ${tone}`} title={name} data-link={now.state}>
      <span class="hidden">{name}: </span>
      {now.state === "failed" ? visibleText(now.detail) : <Waiting link={now} />}
    </span>
  );
}

function Waiting({ link }: { readonly link: Link }): JSX.Element {
  const now = useNow();
  if (!("atMs" in link)) return <>{link.state}</>;
  const seconds = Math.max(0, Math.ceil((link.atMs - now) / 1000));
  return <>{link.state === "offline" ? `offline, trying again in ${seconds} s` : `reconnecting in ${seconds} s`}</>;
}
