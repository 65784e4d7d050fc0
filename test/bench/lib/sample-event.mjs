/** JSON bytes of the event that all scenarios use. */
export const eventBytes = 192;

const envelope = {
  id: "evt_12345",
  run_id: "R-1760000000000000000_1",
  seq: 12345,
  type: "assistant.message",
  status: "running",
  time: "2026-01-01T00:00:00.000Z",
  payload: { text: "" },
};
const textUnits = eventBytes - JSON.stringify(envelope).length;
// Different ones: texts that share their end would be held in less room than those of real work.
const fillers = Array.from({ length: 97 }, (_, i) =>
  Array.from({ length: textUnits }, (__, at) => ((i * 31 + at * at * 7) % 36).toString(36)).join(""),
);

export const eventType = envelope.type;

/** A payload of its own for each seq: equal texts would be stored once and flatter the memory figures. */
export function samplePayload(seq) {
  const own = String(seq);
  return { text: own + fillers[seq % fillers.length].slice(own.length) };
}

/** All parts of an event but its id, which follows from the seq. */
export function sampleParts(seq) {
  return { run_id: envelope.run_id, seq, type: envelope.type, status: envelope.status, time: envelope.time, payload: samplePayload(seq) };
}

/** The event as a plain object, for the limits. */
export function sampleEvent(seq) {
  return { id: `evt_${seq}`, ...sampleParts(seq) };
}
