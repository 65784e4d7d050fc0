import { useEffect, useState } from "preact/hooks";
import type { StreamEvent } from "../../lib/events/event.js";
import { perFrame } from "./per-frame.js";
import { useApp } from "./use.js";

const shownAtFirst = 200;
const mostKept = 20_000;

/** The newest events of the feed, oldest first, and what comes; each once. */
export function useFeedEvents(): { readonly events: readonly StreamEvent[]; readonly error: unknown } {
  const { client, feed } = useApp();
  const [state, setState] = useState<{ readonly events: readonly StreamEvent[]; readonly error?: unknown }>({ events: [] });
  useEffect(() => {
    let events: StreamEvent[] = [];
    // The feed may be later than the page that was read, and tell once more what is on it.
    let readTo = 0;
    const draw = perFrame(() => setState({ events: [...events] }));
    const leave = feed.on((event) => {
      if (event.seq <= readTo) return;
      events.push(event);
      if (events.length > mostKept) events = events.slice(-mostKept / 2);
      draw();
    });
    let isRead: "no" | "at work" | "yes" = "no";
    const readFirst = async (): Promise<void> => {
      if (isRead !== "no") return;
      isRead = "at work";
      try {
        const page = await client.events.list({ tail: shownAtFirst });
        // What came meanwhile is behind the page's end.
        events = [...(page.events as unknown as StreamEvent[]), ...events.filter(({ seq }) => seq > page.last_seq)];
        readTo = page.last_seq;
        isRead = "yes";
        draw();
      } catch (error) {
        isRead = "no";
        setState({ events, error });
      }
    };
    void readFirst();
    // Where no daemon answered it is tried again when there is one.
    const leaveLink = feed.link.watch(() => void (feed.link.get().state === "live" && readFirst()));
    // Where it begins anew its numbers may too.
    const leaveEpoch = feed.epoch.watch(() => void (readTo = 0));
    return () => {
      leave();
      leaveLink();
      leaveEpoch();
    };
  }, [client, feed]);
  return { events: state.events, error: state.error };
}
