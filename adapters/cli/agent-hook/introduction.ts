import { plainText } from "../../../lib/plain-text.js";
import type { Peer } from "../../../lib/peers/schema.js";

const mostPeers = 10;

/** What an agent is told at the start of its session: its own name, its neighbours, and how to speak with them. */
export function introduction(own: Peer, peers: readonly Peer[]): string {
  const others = peers.filter(({ peer_id, role }) => peer_id !== own.peer_id && role !== "service");
  const more = others.length > mostPeers ? [`- and ${others.length - mostPeers} more: \`anode peers list\``] : [];
  return [
    `You are the peer @${own.display_name} (${own.peer_id}) in the circle ${own.circle} of this machine's agents.`,
    others.length === 0 ? "Nobody else is there now." : "Others that you can reach:",
    ...others.slice(0, mostPeers).map(lineOf),
    ...more,
    'A text that begins with [anode:ask …] is a question of another peer: close it with `anode ack <id> "<your answer>"`.',
    'Ask a peer with `anode ask <peer> "<text>" --wait`; `anode notify <peer> "<text>"` needs no answer.',
  ].join("\n");
}

function lineOf({ display_name, backend, path, description }: Peer): string {
  const about = [backend, path, description].filter((part) => part !== undefined).map((part) => plainText(part).replaceAll(/\s+/g, " "));
  return `- @${display_name} (${about.join(", ")})`;
}
