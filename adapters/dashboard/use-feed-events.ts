import { useEffect, useState } from "preact/hooks";
import type { StreamEvent } from "../../lib/events/event.js";
import { createFeedList } from "./feed-list.js";
import { perFrame } from "./per-frame.js";
import { useApp } from "./use.js";

const shownAtFirst = 200;

/** The newest events of the feed, oldest first, and what comes; each once. */
export function useFeedEvents(): { readonly events: readonly StreamEvent[]; readonly error: unknown } {
  const { client, feed } = useApp();
  const [state, setState] = useState<{ readonly events: readonly StreamEvent[]; readonly error?: unknown }>({ events: [] });
  useEffect(() => {
    const list = createFeedList();
    const draw = perFrame(() => setState({ events: [...list.events] }));
    let isRead: "no" | "at work" | "yes" = "no";
    const readFirst = async (): Promise<void> => {
      if (isRead !== "no") return;
      isRead = "at work";
      try {
        const page = await client.events.list({ tail: shownAtFirst, limit: shownAtFirst });
        list.read(page.events as unknown as StreamEvent[], page.last_seq);
        isRead = "yes";
        draw();
      } catch (error) {
        isRead = "no";
        setState({ events: list.events, error });
      }
    };
    void readFirst();
    const leaves = [
      feed.on((event) => {
        list.add(event);
        draw();
      }),
      feed.epoch.watch(() => list.restart()),
      // Where no daemon answered it is tried again when there is one.
      feed.link.watch(() => void (feed.link.get().state === "live" && readFirst())),
    ];
    return () => {
      for (const leave of leaves) leave();
    };
  }, [client, feed]);
  return { events: state.events, error: state.error };
}
