import { lookup } from "node:dns/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP, isIPv4 } from "node:net";
import { messageOf } from "../../thrown.js";
import { ToolError } from "./tool-error.js";

/** A reply of a public server. */
export interface PublicReply {
  readonly status: number;
  readonly body: string;
}

/** What is asked of a public server. */
export interface PublicRequest {
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** How names become addresses, and which of those are public; replaced in tests alone. */
export interface Resolution {
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly isPublic: (address: string) => boolean;
}

const totalMs = 10_000;
const replyBytes = 1024 * 1024;
const redirects = 3;

const notPublic = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const) {
  notPublic.addSubnet(network, prefix, "ipv4");
}
// Only 2000::/3 is given out, and in it some parts lead back into version 4 or nowhere.
const givenOut = new BlockList();
givenOut.addSubnet("2000::", 3, "ipv6");
for (const [network, prefix] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const) {
  notPublic.addSubnet(network, prefix, "ipv6");
}

/** True for an address that anyone on the internet may have: not ours, not our network's, not one that stands for such. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  if (family === 4) return !notPublic.check(address, "ipv4");
  return givenOut.check(address, "ipv6") && !notPublic.check(address, "ipv6");
}

const system: Resolution = {
  resolve: async (host) => (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address),
  isPublic: isPublicAddress,
};

/**
 * Asks a public server. The name is resolved once a hop, every address it has must be public, and the connection goes to
 * the address that was checked. At most three redirects, ten seconds, one mebibyte.
 */
export async function publicFetch(request: PublicRequest, { resolve, isPublic }: Resolution = system): Promise<PublicReply> {
  const over = AbortSignal.timeout(totalMs);
  const signal = AbortSignal.any([request.signal, over]);
  let at: PublicRequest = { ...request, signal };
  try {
    for (let hop = 0; ; hop += 1) {
      const url = checkedUrl(at.url);
      const address = await checkedAddress(url, { resolve, isPublic });
      signal.throwIfAborted();
      const { location, ...reply } = await ask(url, address, at);
      if (location === undefined) return reply;
      if (hop >= redirects) throw new ToolError("unavailable", "the server redirects too often");
      const next = new URL(location, url);
      // What was meant for one server, a key above all, is not carried to another.
      const { headers: _, ...bare } = at;
      const kept = next.origin === url.origin ? at : bare;
      const { body: __, ...get } = kept;
      at = reply.status === 307 || reply.status === 308 ? { ...kept, url: next.href } : { ...get, method: "GET", url: next.href };
    }
  } catch (error) {
    request.signal.throwIfAborted();
    if (over.aborted) throw new ToolError("timed_out", `the server took longer than ${totalMs} ms`);
    throw error instanceof ToolError ? error : new ToolError("unavailable", messageOf(error));
  }
}

function checkedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new ToolError("denied", "only http and https addresses are asked");
  if (url.username !== "" || url.password !== "") throw new ToolError("denied", "an address with a user is not asked");
  return url;
}

async function checkedAddress(url: URL, { resolve, isPublic }: Resolution): Promise<string> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const addresses = isIP(host) ? [host] : await resolve(host);
  const [first] = addresses;
  if (first === undefined) throw new ToolError("unavailable", `${host} has no address`);
  if (!addresses.every(isPublic)) throw new ToolError("denied", `${host} is not a public address`);
  return first;
}

function ask(
  url: URL,
  address: string,
  { method = "GET", headers = {}, body, signal }: PublicRequest,
): Promise<PublicReply & { location?: string }> {
  return new Promise((resolve, reject) => {
    const open = url.protocol === "https:" ? httpsRequest : httpRequest;
    const family = isIPv4(address) ? 4 : 6;
    const sent = open(
      url,
      {
        method,
        headers: { "user-agent": "anode-daemon", accept: "*/*", ...headers },
        signal,
        agent: false,
        // The connection goes where the check went, whatever the name means by now.
        lookup: (_host, options, done) => (options.all ? done(null, [{ address, family }]) : done(null, address, family)),
      },
      (reply) => {
        const status = reply.statusCode ?? 0;
        const { location } = reply.headers;
        const chunks: Buffer[] = [];
        let size = 0;
        const finish = (): void =>
          resolve({
            status,
            body: Buffer.concat(chunks).toString("utf8"),
            ...(status >= 300 && status < 400 && location !== undefined && { location }),
          });
        reply.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size <= replyBytes) chunks.push(chunk);
          else {
            reply.destroy();
            finish();
          }
        });
        reply.on("end", finish);
        reply.on("error", reject);
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}
