import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentConfig } from "../../../../lib/agent/config-schema.js";
import { isPublicAddress, publicFetch, type Resolution } from "../../../../lib/agent/tools/public-fetch.js";
import { createWebSearchTool, readResultPage, type SearchAddresses } from "../../../../lib/agent/tools/web-search.js";
import { type AgentRoom, openAgentRoom } from "../../../support/agent-room.js";
import { closeServer } from "../../../support/close-server.js";

const notPublic = [
  "0.0.0.0",
  "10.0.0.1",
  "100.64.0.1",
  "127.0.0.1",
  "127.255.255.254",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.1",
  "192.0.2.1",
  "192.168.1.1",
  "198.18.0.1",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.250",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:8.8.8.8",
  "::ffff:7f00:1",
  "::7f00:1",
  "64:ff9b::7f00:1",
  "64:ff9b::808:808",
  "64:ff9b:1::1",
  "100::1",
  "2001::1",
  "2001:db8::1",
  "2002:7f00:1::",
  "3fff::1",
  "fc00::1",
  "fd12::1",
  "fe80::1",
  "fec0::1",
  "ff02::1",
  "localhost",
  "",
];

describe("isPublicAddress", () => {
  it.each(notPublic)("%j is not", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "192.169.0.1", "2606:4700:4700::1111", "2a00:1450::1"])(
    "%j is",
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

/** A server on loopback whose requests are kept. */
interface Seen {
  readonly server: Server;
  readonly port: number;
  readonly requests: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[];
}

const servers: Server[] = [];

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Seen> {
  const requests: Seen["requests"] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      requests.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return { server, port: (server.address() as AddressInfo).port, requests };
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    await closeServer(server);
  }
});

const signal = new AbortController().signal;
/** Takes loopback for public, so that a test can be the internet. */
const open: Resolution = { resolve: async () => ["127.0.0.1"], isPublic: (address) => address === "127.0.0.1" };

describe("publicFetch", () => {
  const hostile = [
    "127.0.0.1",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "0",
    "0x7f.1",
    "2130706433",
    "017700000001",
    "127.1",
    "10.0.0.1",
    "169.254.169.254",
  ];

  it.each(hostile)("asks nothing of %s", async (host) => {
    const { port, requests } = await serve((_, response) => response.end("canary"));
    await expect(publicFetch({ url: `http://${host}:${port}/`, signal })).rejects.toMatchObject({ code: "denied" });
    expect(requests).toEqual([]);
  });

  it.each(["file:///etc/passwd", "ftp://example.com/", "gopher://x/", "http://user:pass@example.com/", "nonsense"])(
    "does not take %s",
    async (url) => {
      await expect(publicFetch({ url, signal }, open)).rejects.toMatchObject({ code: "denied" });
    },
  );

  it("refuses a name of which one address is not public", async () => {
    const { port, requests } = await serve((_, response) => response.end("canary"));
    const mixed: Resolution = { resolve: async () => ["127.0.0.1", "10.0.0.1"], isPublic: (address) => address === "127.0.0.1" };
    await expect(publicFetch({ url: `http://example.com:${port}/`, signal }, mixed)).rejects.toMatchObject({ code: "denied" });
    expect(requests).toEqual([]);
  });

  it("resolves once and connects to what was checked, even if the name changes its mind", async () => {
    const { port, requests } = await serve((_, response) => response.end("ok"));
    const asked: string[] = [];
    const flipping: Resolution = {
      resolve: async (host) => (asked.push(host), asked.length === 1 ? ["127.0.0.1"] : ["127.0.0.2"]),
      isPublic: () => true,
    };
    expect(await publicFetch({ url: `http://example.com:${port}/a`, signal }, flipping)).toEqual({ status: 200, body: "ok" });
    expect(asked).toEqual(["example.com"]);
    expect(requests[0]?.headers.host).toBe(`example.com:${port}`);
  });

  it("checks the address of each redirect, and follows three", async () => {
    const canary = await serve((_, response) => response.end("canary"));
    const { port } = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      response.writeHead(302, { location: left > 0 ? `/${left - 1}` : `http://inside:${canary.port}/` }).end();
    });
    const checked: Resolution = {
      resolve: async (host) => [host === "inside" ? "10.0.0.1" : "127.0.0.1"],
      isPublic: (address) => address !== "10.0.0.1",
    };
    await expect(publicFetch({ url: `http://example.com:${port}/0`, signal }, checked)).rejects.toMatchObject({ code: "denied" });
    expect(canary.requests).toEqual([]);
    await expect(publicFetch({ url: `http://example.com:${port}/9`, signal }, checked)).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("too often"),
    });
  });

  it("carries neither headers nor body to another origin", async () => {
    const other = await serve((_, response) => response.end("there"));
    const { port } = await serve((_, response) => response.writeHead(302, { location: `http://other:${other.port}/` }).end());
    const reply = await publicFetch(
      { url: `http://example.com:${port}/`, method: "POST", headers: { "x-api-key": "secret" }, body: "secret", signal },
      open,
    );
    expect(reply.body).toBe("there");
    expect(JSON.stringify(other.requests)).not.toContain("secret");
    expect(other.requests[0]?.method).toBe("GET");
  });

  it("reads at most 1 MiB", async () => {
    const { port } = await serve((_, response) => response.end(Buffer.alloc(3 * 1024 * 1024, 97)));
    expect((await publicFetch({ url: `http://example.com:${port}/`, signal }, open)).body.length).toBeLessThanOrEqual(1024 * 1024);
  });

  it("ends with the call", async () => {
    const abort = new AbortController();
    const { port } = await serve(() => abort.abort(new Error("over")));
    await expect(publicFetch({ url: `http://example.com:${port}/`, signal: abort.signal }, open)).rejects.toThrow("over");
  });
});

describe("web_search", () => {
  let agent: AgentRoom;
  beforeEach(async () => {
    agent = await openAgentRoom();
  });
  afterEach(() => agent.close());

  const make = (config: AgentConfig, env: Record<string, string>, addresses?: SearchAddresses) =>
    createWebSearchTool({ ...agent.room, config, env }, () => Date.parse("2026-01-10T00:00:00Z"), addresses);

  it.each<[AgentConfig, Record<string, string>, boolean]>([
    [{}, {}, true],
    [{ web: { enabled: false } }, { EXA_API_KEY: "k" }, false],
    [{ web: { provider: "exa" } }, {}, false],
    [{ web: { provider: "exa" } }, { EXA_API_KEY: "k" }, true],
  ])("with %j and %j is there: %j", (config, env, there) => {
    expect(make(config, env) !== undefined).toBe(there);
  });

  it("asks Exa with its key", async () => {
    const results = [
      { title: "A", url: "https://a.example/", highlights: ["one", "two"] },
      { title: null, url: "https://b.example/", text: "body" },
    ];
    const { port, requests } = await serve((_, response) => response.end(JSON.stringify({ results })));
    const tool = make({}, { EXA_API_KEY: "key-1" }, { exa: `http://exa:${port}/search`, duckduckgo: "", resolution: open });
    const result = await agent.use(tool as never, { query: "x", domains: ["a.example"], recency: "week", limit: 2 });
    expect(result.text).toBe("A\nhttps://a.example/\none … two\n\nhttps://b.example/\nhttps://b.example/\nbody");
    expect(requests[0]).toMatchObject({ method: "POST", headers: { "x-api-key": "key-1" } });
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({
      query: "x",
      numResults: 2,
      contents: { highlights: true },
      includeDomains: ["a.example"],
      startPublishedDate: "2026-01-03T00:00:00.000Z",
    });
  });

  const page = `<div class="result results_links"><h2><a rel="nofollow" class="result__a" href="//duckduckgo.com/l/?uddg=https%3A%2F%2Fa.example%2Fx%3Fy%3D1&amp;rut=z">A &amp; <b>B</b></a></h2>
    <a class="result__snippet" href="x">one <b>two</b> &#39;three&#x27;</a></div>
    <div class="result result--ad"><a class="result__a" href="https://duckduckgo.com/y.js?ad_domain=x">Ad</a></div>
    <div class="result"><a class="result__a" href="https://b.example/">B</a><a class="result__snippet">s</a></div>`;

  it("reads DuckDuckGo's page", async () => {
    const { port, requests } = await serve((_, response) => response.end(page));
    const tool = make({}, {}, { exa: "", duckduckgo: `http://ddg:${port}/html/`, resolution: open });
    const result = await agent.use(tool as never, { query: "x", domains: ["a.example", "b.example"], recency: "day" });
    expect(result.output).toEqual([
      { title: "A & B", url: "https://a.example/x?y=1", snippet: "one two 'three'" },
      { title: "B", url: "https://b.example/", snippet: "s" },
    ]);
    expect(new URL(requests[0]?.url ?? "", "http://x").searchParams.get("q")).toBe("x (site:a.example OR site:b.example)");
    expect(new URL(requests[0]?.url ?? "", "http://x").searchParams.get("df")).toBe("d");
  });

  it("tells of an answer that is none", async () => {
    const { port } = await serve((_, response) => response.writeHead(429).end());
    const tool = make({}, {}, { exa: "", duckduckgo: `http://ddg:${port}/`, resolution: open });
    expect((await agent.use(tool as never, { query: "x" })).text).toBe("error: unavailable: the search answered 429");
    expect((await agent.use(tool as never, { query: "x", domains: ["a b"] })).text).toMatch(/^error: invalid_arguments: domains.0/);
  });

  it("makes nothing of a page without results", () => {
    expect(readResultPage("<html></html>")).toEqual([]);
    expect(readResultPage('<a class="result__a" href="javascript:x">A</a>')).toEqual([]);
  });
});
