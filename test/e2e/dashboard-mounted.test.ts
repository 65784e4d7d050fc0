import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { createHandler, createNodeDoor, headerValues, type PublicFiles } from "../../adapters/http/index.js";
import { allScopes } from "../../lib/caller.js";
import { functionExecutor, Mesh, RunManager } from "../../lib/index.js";
import { browse, closeBrowser, goTo, hasBrowser, logIn, needsBrowser } from "../support/dashboard.js";

afterAll(closeBrowser);

/** As an installation has it: it finds its pages by itself. */
const { dashboardFiles } = (await import(new URL("../../dist/adapters/http/index.js", import.meta.url).href)) as {
  dashboardFiles(): PublicFiles;
};

const prefix = "/agents";
const token = "the-token-of-the-embedder";

/** A server of somebody else's, with ours below one of its paths. */
async function serve(): Promise<string> {
  const executors = { echo: functionExecutor(async ({ request }) => `heard ${request.prompt}`) };
  const manager = new RunManager({ executors, profiles: { craft: { executor: "echo" } } });
  await manager.open();
  const mesh = new Mesh({ manager });
  await mesh.open();
  const door = { kind: "tcp" as const, hosts: [] as string[], origins: [] as string[] };
  const handle = createHandler({
    manager,
    mesh,
    hosts: [],
    files: dashboardFiles(),
    authenticate: (call) =>
      headerValues(call, "authorization").includes(`Bearer ${token}`) ? { id: "user:ada", door: "tcp", scopes: allScopes } : undefined,
  });
  const { listener } = createNodeDoor(handle, door);
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { url = "" } = request;
    if (!url.startsWith(`${prefix}/`)) return void response.writeHead(404).end("the host's own");
    request.url = url.slice(prefix.length);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await mesh.close();
    await manager.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  door.hosts.push(host);
  door.origins.push(`http://${host}`);
  return `http://${host}`;
}

describe(`A dashboard that is mounted below a path${needsBrowser}`, { timeout: 120_000 }, () => {
  it.runIf(hasBrowser)("loads, logs in and calls below that path alone", async () => {
    const origin = await serve();
    const browser = await browse(origin);
    const paths: string[] = [];
    browser.context.on("request", (request) => {
      const { protocol, pathname } = new URL(request.url());
      if (protocol !== "blob:") paths.push(pathname);
    });
    const page = await browser.open(`${prefix}/`);
    expect(page.url()).toBe(`${origin}${prefix}/dashboard`);
    await logIn(page, token);
    await page.getByText("Start a run").click();
    await page.getByLabel("Prompt").fill("from below");
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "from below" }).waitFor();
    await page.getByLabel("Summary").getByText("heard from below").waitFor();
    await page.locator("[data-link=ended]").waitFor();
    for (const [hash, heading] of [
      ["#/questions", "Questions"],
      ["#/peers", "Peers"],
      ["#/asks", "Asks"],
      ["#/feed", "Feed"],
      ["#/health", "Health"],
    ] as const)
      await goTo(page, hash, heading);
    // Another tab has the session, by whichever of its addresses it comes.
    const second = await browser.open(`${prefix}/dashboard/index.html`);
    await second.locator("[data-link=live]").first().waitFor();
    expect(second.url()).toBe(`${origin}${prefix}/dashboard`);
    expect(paths.filter((path) => !path.startsWith(`${prefix}/`))).toEqual([]);
    expect(paths).toContain(`${prefix}/events/stream`);
    expect(browser.foreign).toEqual([]);
    // What this host has no part of it says by a status, which the console repeats.
    expect(browser.errors.filter((text) => !/status of (404|501|503)/.test(text))).toEqual([]);
  });
});
