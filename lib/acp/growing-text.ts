import type { Outbox } from "./outbox.js";

/** Whose text grows: what the agent says, or what it thinks. */
export type Voice = "assistant" | "reasoning";

/** The agent's text, as previews while it grows and as one event when it is whole. */
export interface GrowingText {
  /** More text; with another id or voice than before, a new message begins. */
  grow(voice: Voice, text: string, id: string | undefined): void;
  /** The message is whole, if there is one. */
  finish(): void;
  /** The last thing the agent said since the given message count; `undefined` when it said nothing. */
  readonly lastSaid: string | undefined;
  /** A new task: nothing has been said in it. */
  forget(): void;
}

/** A message beyond this many units goes on as the next one: an event holds 256 KiB at most. */
const messageUnits = 64 * 1024;

/** The growing text of one run. */
export function createGrowingText(outbox: Outbox): GrowingText {
  let count = 0;
  let open: { readonly message_id: string; readonly voice: Voice; readonly id: string | undefined; text: string } | undefined;
  let lastSaid: string | undefined;

  function finish(): void {
    if (!open) return;
    const { message_id, voice, text } = open;
    open = undefined;
    if (text.trim() === "") return;
    outbox.emit(`${voice}.message`, { message_id, text });
    if (voice === "assistant") lastSaid = text;
  }

  return {
    grow(voice, text, id) {
      if (text === "") return;
      // A chunk without an id belongs to whatever is open.
      const other = open && (open.voice !== voice || (id !== undefined && open.id !== undefined && id !== open.id));
      if (other || (open && open.text.length > messageUnits)) finish();
      open ??= { message_id: `m${(count += 1)}`, voice, id, text: "" };
      outbox.preview(`${voice}.delta`, { message_id: open.message_id, offset: open.text.length, text });
      open.text += text;
    },
    finish,
    forget() {
      lastSaid = undefined;
    },
    get lastSaid() {
      return lastSaid;
    },
  };
}
