import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Route } from "../route.js";
import { useApp, useCell } from "../use.js";
import { visibleText } from "../visible-text.js";
import { Action } from "./action.js";
import { ConfirmDialog } from "./confirm.js";
import { LinkBadge } from "./link-badge.js";

const places = [
  ["runs", "Runs", ["runs", "run"]],
  ["questions", "Questions", ["questions"]],
  ["peers", "Peers", ["peers", "peer"]],
  ["asks", "Asks", ["asks", "trace"]],
  ["feed", "Feed", ["feed"]],
  ["health", "Health", ["health"]],
] as const;

/** What is around each page: where one is, how it is with the feed, and the news for those who listen. */
export function Shell({ route, children }: { readonly route: Route; readonly children: ComponentChildren }): JSX.Element {
  const { feed, inbox, leave } = useApp();
  const open = useCell(inbox.questions).filter(({ status }) => status === "open").length;
  const news = useCell(inbox.news);
  const link = useCell(feed.link);
  const main = useRef<HTMLElement>(null);
  const place = places.find(([, , pages]) => (pages as readonly string[]).includes(route.page));
  useEffect(() => {
    document.title = `${open > 0 ? `(${open}) ` : ""}${place?.[1] ?? ""} · anode`;
  }, [open, place]);
  // Who comes by keyboard begins at the new page, and with the first key that follows its sight.
  useLayoutEffect(() => main.current?.focus(), [route.page, route.id]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the page
      </a>
      <header>
        <strong>anode</strong>
        <nav aria-label="Pages">
          {places.map(([name, text, pages]) => (
            <a key={name} href={`#/${name}`} aria-current={(pages as readonly string[]).includes(route.page) ? "page" : undefined}>
              {text}
              {name === "questions" && open > 0 && (
                <>
                  {" "}
                  <span class="count">
                    {open}
                    <span class="hidden"> open</span>
                  </span>
                </>
              )}
            </a>
          ))}
        </nav>
        <span class="right">
          <LinkBadge link={feed.link} name="Feed" />
          <Action scope="read" run={leave}>
            Log out
          </Action>
        </span>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {link.state === "offline" && (
          <p class="problem" role="status">
            The daemon does not answer. <code>anode daemon --detach</code> starts it, and this page goes on where it was.
          </p>
        )}
        {children}
      </main>
      <p class="hidden" role="status" aria-live="polite" aria-label="News">
        {visibleText(news)}
      </p>
      <ConfirmDialog />
    </>
  );
}
