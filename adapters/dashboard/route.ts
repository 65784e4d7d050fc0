/** A place of the page, as the fragment of its address names it. */
export interface Route {
  readonly page: "runs" | "run" | "questions" | "peers" | "peer" | "asks" | "trace" | "feed" | "health";
  readonly id?: string;
}

const lists = new Set(["runs", "questions", "peers", "asks", "feed", "health"]);
const single: Readonly<Record<string, Route["page"]>> = { runs: "run", peers: "peer", traces: "trace" };

/** The place of a fragment; what is no place of ours is the list of runs. */
export function parseRoute(hash: string): Route {
  const [first = "", id] = hash.replace(/^#\/?/, "").split("/");
  const page = single[first];
  if (id && page) return { page, id: decoded(id) };
  return { page: lists.has(first) ? (first as Route["page"]) : "runs" };
}

/** The link to one thing. */
export function linkTo(noun: "runs" | "peers" | "traces", id: string): string {
  return `#/${noun}/${encodeURIComponent(id.toWellFormed())}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
