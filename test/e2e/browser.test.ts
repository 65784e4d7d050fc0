import { type ChildProcess, spawn } from "node:child_process";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { describe, expect, it, onTestFinished } from "vitest";
import { executablePath, hasBrowser, quiet } from "../support/chromium.js";
import { openCuttingProxy, seeded } from "../support/cutting-proxy.js";
import { call, daemonPlace, daemonProcess } from "../support/daemon.js";
import { closeServer } from "../support/close-server.js";

interface Page {
  seen: [number, string][];
  reconnects: number;
  source: { readyState: number };
}

/** The custom server of the examples, on a port of its own. */
async function serve(): Promise<number> {
  const program = fileURLToPath(new URL("../../examples/custom-server.mjs", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [program, "--serve"], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
  });
  for await (const part of child.stdout ?? []) {
    const port = /127\.0\.0\.1:(\d+)/.exec(String(part))?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error("It never listened.");
}

/** A page on an origin of its own, whose server passes what is below `/events` on to a daemon: a browser has no credential for it. */
async function servePage(socketPath: string): Promise<string> {
  const server = createServer((asked, answer) => {
    if (!asked.url?.startsWith("/events"))
      return void answer.setHeader("content-type", "text/html").end("<!doctype html><title>Feed</title>");
    const { accept = "", "last-event-id": last } = asked.headers;
    const headers = { accept, ...(last !== undefined && { "last-event-id": String(last) }) };
    const passed = request({ socketPath, path: asked.url, headers, agent: false }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, { "content-type": reply.headers["content-type"] }).flushHeaders();
      reply.on("error", () => answer.destroy()).pipe(answer);
    });
    // Where there is no daemon there is no answer: the browser tries again.
    passed.on("error", () => answer.destroy()).end();
    answer.on("close", () => passed.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    await closeServer(server);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe("EventSource in a real browser", () => {
  it.runIf(hasBrowser)(
    `resumes after cuts at random bytes, nothing lost or repeated, and is ended by 204${hasBrowser ? "" : " (needs chromium)"}`,
    async () => {
      const seed = Number(process.env["ANODE_TEST_SEED"] ?? Date.now() % 100_000);
      console.log(`seed ${seed}`);
      const random = seeded(seed);
      // A browser takes a head that was cut for a whole one, and gives up for good without the content type, which is the first line of ours.
      // So one cut is in the head behind it, the others are anywhere.
      const cutAfter = [300, 5000, 5000].map((bytes) => 64 + Math.floor(random() * bytes));
      const proxy = await openCuttingProxy(await serve(), /^GET \/runs\/[^ ]+\/events/, cutAfter);
      const browser = await chromium.launch({ executablePath, args: quiet });
      onTestFinished(async () => {
        await browser.close();
        await proxy.close();
      });
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${proxy.port}/?n=120`);
      await page.getByText("completed", { exact: true }).waitFor({ timeout: 25_000 });
      await page.waitForFunction(() => (globalThis as unknown as Page).source.readyState === 2, undefined, { timeout: 10_000 });
      const { seen, reconnects } = await page.evaluate(() => {
        const { seen: events, reconnects: errors } = globalThis as unknown as Page;
        return { seen: events, reconnects: errors };
      });
      expect(proxy.cuts).toBe(3);
      expect(reconnects).toBeGreaterThanOrEqual(4);
      expect(seen.map(([seq]) => seq)).toEqual(Array.from({ length: 123 }, (_, index) => index + 1));
      expect(seen.map(([, type]) => type)).toEqual([
        "run.queued",
        "run.started",
        ...Array.from({ length: 120 }, () => "assistant.message"),
        "run.completed",
      ]);
    },
  );

  it.runIf(hasBrowser)(
    "receives the feed of a daemon, and goes on behind a kill and a stop of it, each event once",
    async () => {
      const place = daemonPlace();
      const { socket } = place.home;
      const run = async (): Promise<void> => void (await call(socket, "/runs", { body: { argv: ["true"] } }));
      let daemon = daemonProcess(place);
      await daemon.listens;
      const page = await servePage(socket);
      const browser = await chromium.launch({ executablePath, args: quiet });
      onTestFinished(() => browser.close());
      const tab = await browser.newPage();
      await tab.goto(page);
      await tab.evaluate(() => {
        const source = new EventSource("/events/stream?tail=0");
        const shown = Object.assign(globalThis as unknown as Page, { source, seen: [], reconnects: 0 });
        source.onmessage = ({ data, lastEventId }) => shown.seen.push([Number(lastEventId), (JSON.parse(data) as { type: string }).type]);
        source.onerror = () => (shown.reconnects += 1);
      });
      const sees = (count: number): Promise<unknown> =>
        tab.waitForFunction((wanted) => (globalThis as unknown as Page).seen.length >= wanted, count, { timeout: 20_000 });
      await tab.waitForFunction(() => (globalThis as unknown as Page).source.readyState === 1, undefined, { timeout: 10_000 });
      for (const [at, signal] of (["SIGKILL", "SIGTERM"] as const).entries()) {
        await Promise.all([run(), run()]);
        await sees(12 * at + 6);
        daemon.child.kill(signal);
        await daemon.ended;
        daemon = daemonProcess(place);
        await daemon.listens;
        // While the page is on its way back.
        await Promise.all([run(), run()]);
        await sees(12 * at + 12);
      }
      const { seen, reconnects } = await tab.evaluate(() => {
        const { seen: events, reconnects: errors } = globalThis as unknown as Page;
        return { seen: events, reconnects: errors };
      });
      expect(seen).toEqual(Array.from({ length: 24 }, (_, index) => [index + 1, "run.state"]));
      expect(reconnects).toBeGreaterThanOrEqual(2);
    },
    60_000,
  );

  it.runIf(hasBrowser)("is refused to a page of another origin", async () => {
    const port = await serve();
    const browser = await chromium.launch({ executablePath, args: quiet });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    // The same host under another name is another origin: its page can neither start nor read.
    await page.goto(`http://127.0.0.1:${port}/hello`);
    const status = await page.evaluate(async (url) => {
      const reply = await fetch(url, { mode: "no-cors", method: "POST", body: "{}" }).catch(() => undefined);
      return reply?.type;
    }, `http://localhost:${port}/runs`);
    // Not even an opaque answer: the resource policy keeps it from other origins.
    expect(status).toBeUndefined();
    const reply = await fetch(`http://127.0.0.1:${port}/runs`, {
      method: "POST",
      headers: { "sec-fetch-site": "cross-site", "content-type": "text/plain" },
      body: "{}",
    });
    expect(reply.status).toBe(403);
  });
});
