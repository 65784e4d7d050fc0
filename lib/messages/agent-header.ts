/** The first line of what an agent is told. */
export type AgentHeader =
  | { readonly type: "ask"; readonly correlation_id: string; readonly from: string; readonly to: string }
  | { readonly type: "reply"; readonly correlation_id: string; readonly from: string }
  | { readonly type: "note"; readonly from: string; readonly to: string }
  | { readonly type: "broadcast"; readonly from: string };

/** The header as a line. */
export function headerText(header: AgentHeader): string {
  const from = `from @${header.from}`;
  if (header.type === "ask") return `[anode:ask ${header.correlation_id} ${from} to @${header.to}]`;
  if (header.type === "reply") return `[anode:reply ${header.correlation_id} ${from}]`;
  return header.type === "note" ? `[anode:note ${from} to @${header.to}]` : `[anode:broadcast ${from}]`;
}

const form =
  /^\[anode:(?:(?<type>ask|reply) (?<correlation_id>[a-z][a-z0-9]{1,15}-[A-Za-z0-9_-]{4,100})|(?<plain>note|broadcast)) from @(?<from>[A-Za-z0-9][A-Za-z0-9._-]{0,63})(?: to @(?<to>[A-Za-z0-9][A-Za-z0-9._-]{0,63}))?\]$/;

/** What a line says when all of it is a header, and nothing otherwise. */
export function parseHeader(line: string): AgentHeader | undefined {
  const { type, correlation_id = "", plain, from = "", to } = form.exec(line)?.groups ?? {};
  if (type === "ask") return to === undefined ? undefined : { type, correlation_id, from, to };
  if (type === "reply") return to === undefined ? { type, correlation_id, from } : undefined;
  if (plain === "note") return to === undefined ? undefined : { type: plain, from, to };
  if (plain === "broadcast") return to === undefined ? { type: plain, from } : undefined;
  return undefined;
}
