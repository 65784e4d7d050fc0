import type { Preview, StreamEvent } from "./event.js";

/**
 * What events carry, by type. Each family adds the table of its own; members and types may be added in later versions. An
 * executor with events of its own adds them in the same way: `declare module "anode-daemon" { interface EventPayloads { "my.step": { … } } }`.
 */
export interface EventPayloads {
  "system.notice": { readonly level: "info" | "warning" | "error"; readonly code: string; readonly text: string };
}

/** The payload of a type: what is known of it, or any object for a type of somebody's own. */
export type PayloadOf<Type extends string> = Type extends keyof EventPayloads ? EventPayloads[Type] : object;

/** An event or preview whose type, and so its payload, is known. */
export type EventOf<Type extends keyof EventPayloads, Of = StreamEvent> = Omit<Of, "type" | "payload"> & {
  readonly type: Type;
  readonly payload: EventPayloads[Type];
};

/**
 * Whether an event is of that type; its payload is typed from there on. Texts may be cut: `payload.truncated` then has the
 * bytes they had.
 */
export function isEvent<Type extends keyof EventPayloads, Of extends StreamEvent | Preview>(
  event: Of,
  type: Type,
): event is Of & EventOf<Type, Of> {
  return event.type === type;
}
