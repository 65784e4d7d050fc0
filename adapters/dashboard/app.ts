import type { Scope } from "../../lib/caller.js";
import type { Client } from "../client/client-types.js";
import type { Cell } from "./cell.js";
import { type Feed, openFeed } from "./feed.js";
import { type Inbox, openInbox } from "./inbox.js";
import { openPeerNames, type PeerNames } from "./peer-names.js";
import type { Self, Session } from "./session.js";
import type { FileLimits } from "./upload.js";

/** What every part of the page works with while somebody is logged in. */
export interface App {
  readonly client: Client;
  readonly self: Self;
  readonly feed: Feed;
  readonly inbox: Inbox;
  readonly names: Cell<PeerNames>;
  /** The stream of the page in view, told when it is open. */
  stream: { opened(): void } | undefined;
  /** Why an action is not for this caller; `undefined` = it is. */
  missing(scope: Scope): string | undefined;
  /** What a file that comes along may be, as the daemon says. */
  readonly fileLimits: () => Promise<FileLimits>;
  leave(): Promise<void>;
  close(): void;
}

/** Opens the feed and what lives of it. */
export function openApp(session: Session, client: Client, self: Self): App {
  const closing = new AbortController();
  const has = (scope: Scope): boolean => self.scopes.includes(scope) || self.scopes.includes("admin");
  const feed = openFeed(client, has("approve"), closing.signal);
  const app: App = {
    client,
    self,
    feed,
    inbox: openInbox(client, feed),
    names: openPeerNames(client, feed),
    stream: undefined,
    missing: (scope) => (has(scope) ? undefined : `Your token lacks the scope ${scope}.`),
    fileLimits: onceSaid(async () => {
      const { limits } = await client.status();
      const most = (limits as Readonly<Record<string, unknown>> | undefined)?.["attachmentBytes"];
      return typeof most === "number" ? { bytes: most } : {};
    }),
    leave: () => session.leave(),
    close: () => closing.abort(),
  };
  session.onOpened = (operation) => {
    if (operation === "events.stream") feed.opened();
    if (operation === "runs.events") app.stream?.opened();
  };
  return app;
}

/** Asks until there is an answer, and then never again. */
function onceSaid<Value>(ask: () => Promise<Value>): () => Promise<Value> {
  let answer: Promise<Value> | undefined;
  return () =>
    (answer ??= ask().catch((error: unknown) => {
      answer = undefined;
      throw error;
    }));
}
