import * as z from "zod";
import { type BuiltinTool, defineTool } from "./define-tool.js";
import { publicFetch, type Resolution } from "./public-fetch.js";
import { ToolError } from "./tool-error.js";
import type { ToolRoom } from "./tool-room.js";

const recencies = { day: 1, week: 7, month: 31, year: 366 } as const;
const args = z.strictObject({
  query: z.string().min(1).max(400),
  domains: z
    .array(z.string().regex(/^[A-Za-z0-9.-]{1,253}$/, "must be a domain name"))
    .max(10)
    .exactOptional(),
  recency: z.enum(["day", "week", "month", "year"]).exactOptional(),
  limit: z.int().min(1).max(10).exactOptional().describe("Results at most, default 5"),
});
type Query = z.infer<typeof args>;

interface Found {
  readonly title: string;
  readonly url: string;
  readonly snippet: string;
}

/** Where searches go; replaced in tests alone. */
export interface SearchAddresses {
  readonly exa: string;
  readonly duckduckgo: string;
  readonly resolution?: Resolution;
}

const publicAddresses: SearchAddresses = { exa: "https://api.exa.ai/search", duckduckgo: "https://html.duckduckgo.com/html/" };

/** Tool `web_search`; absent where the configuration turns it off. */
export function createWebSearchTool(
  room: ToolRoom,
  now: () => number,
  addresses: SearchAddresses = publicAddresses,
): BuiltinTool | undefined {
  const { enabled = true, provider } = room.config.web ?? {};
  const key = room.env["EXA_API_KEY"];
  if (!enabled || (provider === "exa" && !key)) return undefined;
  return defineTool(
    {
      name: "web_search",
      description: "Searches the web; gives titles, addresses and snippets.",
      level: "external_read",
      args,
      async run(query, { signal }) {
        const { limit = 5 } = query;
        const found =
          provider !== "duckduckgo" && key
            ? await askExa(query, { key, addresses, signal, now })
            : await askDuckDuckGo(query, { addresses, signal });
        const kept = found.slice(0, limit);
        if (kept.length === 0) return "No results.";
        return { text: kept.map(({ title, url, snippet }) => `${title}\n${url}\n${snippet}`).join("\n\n"), output: kept };
      },
    },
    room.outputBytes,
  );
}

const exaReply = z.looseObject({
  results: z.array(
    z.looseObject({ title: z.string().nullish(), url: z.string(), text: z.string().nullish(), highlights: z.array(z.string()).nullish() }),
  ),
});

async function askExa(
  { query, domains, recency, limit = 5 }: Query,
  { key, addresses, signal, now }: { key: string; addresses: SearchAddresses; signal: AbortSignal; now: () => number },
): Promise<Found[]> {
  const { status, body } = await publicFetch(
    {
      url: addresses.exa,
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": key },
      body: JSON.stringify({
        query,
        numResults: limit,
        contents: { highlights: true },
        ...(domains && { includeDomains: domains }),
        ...(recency && { startPublishedDate: new Date(now() - recencies[recency] * 86_400_000).toISOString() }),
      }),
      signal,
    },
    addresses.resolution,
  );
  if (status !== 200) throw new ToolError("unavailable", `the search answered ${status}`);
  const parsed = exaReply.safeParse(parseJson(body));
  if (!parsed.success) throw new ToolError("unavailable", "the search gave an answer that is not understood");
  return parsed.data.results.map(({ title, url, text, highlights }) => ({
    title: title ?? url,
    url,
    snippet: highlights?.join(" … ") ?? text?.slice(0, 500) ?? "",
  }));
}

async function askDuckDuckGo(
  { query, domains = [], recency }: Query,
  { addresses, signal }: { addresses: SearchAddresses; signal: AbortSignal },
): Promise<Found[]> {
  const url = new URL(addresses.duckduckgo);
  const sites = domains.map((domain) => `site:${domain}`).join(" OR ");
  url.searchParams.set("q", sites === "" ? query : `${query} (${sites})`);
  if (recency) url.searchParams.set("df", recency.slice(0, 1));
  const { status, body } = await publicFetch({ url: url.href, signal }, addresses.resolution);
  if (status !== 200) throw new ToolError("unavailable", `the search answered ${status}`);
  return readResultPage(body);
}

const linkMark = "result__a";
const snippetMark = "result__snippet";
const tagUnits = 4096;

/** The results of DuckDuckGo's page for browsers without scripts. It is looked through once, whatever is in it. */
export function readResultPage(html: string): Found[] {
  const found: Found[] = [];
  for (let at = html.indexOf(linkMark); at >= 0; ) {
    const next = html.indexOf(linkMark, at + linkMark.length);
    const end = next < 0 ? html.length : next;
    const before = html.slice(Math.max(0, at - tagUnits), at);
    const tagEnd = html.slice(at, end).indexOf(">");
    const tag = before.slice(before.lastIndexOf("<") + 1) + html.slice(at, at + Math.max(0, tagEnd));
    const url = tagEnd > 0 && tag.startsWith("a ") ? targetOf(unescaped(between(tag, 'href="', '"') ?? "")) : undefined;
    if (url !== undefined) {
      const block = html.slice(at + tagEnd + 1, end);
      const snippet = block.indexOf(snippetMark) < 0 ? "" : textFrom(block.slice(block.indexOf(snippetMark)));
      found.push({ title: textOf(block.slice(0, Math.max(0, block.indexOf("</a>")))), url, snippet });
    }
    at = next;
  }
  return found;
}

function between(text: string, start: string, end: string): string | undefined {
  const from = text.indexOf(start);
  if (from < 0) return undefined;
  const to = text.indexOf(end, from + start.length);
  return to < 0 ? undefined : text.slice(from + start.length, to);
}

/** The text of the element whose tag has just begun. */
function textFrom(html: string): string {
  const start = html.indexOf(">") + 1;
  const ends = ["</a>", "</div>", "</td>"].map((tag) => html.indexOf(tag, start)).filter((at) => at >= 0);
  return ends.length === 0 ? "" : textOf(html.slice(start, Math.min(...ends)));
}

/** The page behind the link, which leads through a counter; advertisements lead elsewhere. */
function targetOf(href: string): string | undefined {
  if (!URL.canParse(href, "https://duckduckgo.com")) return undefined;
  const url = new URL(href, "https://duckduckgo.com");
  const target = url.searchParams.get("uddg") ?? url.href;
  if (!URL.canParse(target)) return undefined;
  const { hostname, protocol } = new URL(target);
  return /^https?:$/.test(protocol) && !/(^|\.)duckduckgo\.com$/.test(hostname) ? target : undefined;
}

function textOf(html: string): string {
  return unescaped(html.replaceAll(/<[^<>]*>/g, ""))
    .replaceAll(/\s+/g, " ")
    .trim();
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    const code = decimal === undefined ? (hex === undefined ? undefined : Number.parseInt(hex, 16)) : Number(decimal);
    if (code !== undefined) return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    return entities[name?.toLowerCase() ?? ""] ?? whole;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
