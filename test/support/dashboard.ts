import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { type Client, connect } from "../../adapters/client/index.js";
import type { DaemonOptions, Home, RunningDaemon } from "../../adapters/daemon/index.js";
import type { Scope } from "../../lib/caller.js";
import { builtDashboard } from "./built-dashboard.js";
import { executablePath, hasBrowser, quiet } from "./chromium.js";
import { daemonHere, daemonPlace } from "./daemon.js";

export { hasBrowser };
/** Said in the name of what is skipped. */
export const needsBrowser = hasBrowser ? "" : " (needs chromium)";

/** What a browser has seen that it should not have. */
export interface Watched {
  readonly context: BrowserContext;
  /** Errors of the console and of scripts, refusals by the page's policy among them. */
  readonly errors: string[];
  /** Requests to other places than the page's own. */
  readonly foreign: string[];
  open(path?: string): Promise<Page>;
}

let shared: Promise<Browser> | undefined;

/** A browser with an empty profile, whose tabs are watched. Where nobody answers, its console says so: that alone is no error. */
export async function browse(origin: string): Promise<Watched> {
  shared ??= chromium.launch({ executablePath, args: quiet });
  const context = await (await shared).newContext();
  onTestFinished(() => context.close());
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
  const [errors, foreign]: [string[], string[]] = [[], []];
  context.on("weberror", (error) => void errors.push(error.error().stack ?? String(error.error())));
  context.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !/net::ERR_(CONNECTION|EMPTY_RESPONSE|INCOMPLETE)/.test(text)) errors.push(text);
  });
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== "blob:") foreign.push(request.url());
  });
  return {
    context,
    errors,
    foreign,
    async open(path = "/dashboard") {
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      await page.goto(origin + path);
      return page;
    },
  };
}

/** Ends the browser of this file. */
export async function closeBrowser(): Promise<void> {
  await (await shared)?.close();
  shared = undefined;
}

/** The daemon's first token. */
export function firstToken(home: Home): string {
  return readFileSync(home.token, "utf8").trim();
}

/** Logs in with a pasted token, and waits until the feed is live. */
export async function logIn(page: Page, token: string): Promise<void> {
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.locator("[data-link=live]").first().waitFor();
}

/** Goes to a place of the page. */
export async function goTo(page: Page, hash: string, heading: string | RegExp): Promise<void> {
  await page.evaluate((to) => {
    (globalThis as unknown as { location: { hash: string } }).location.hash = to;
  }, hash);
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
}

/** A daemon with the dashboard, and a tab that is logged in. */
export interface OpenDashboard {
  readonly place: ReturnType<typeof daemonPlace>;
  readonly daemon: RunningDaemon;
  readonly origin: string;
  /** The owner, over the socket. */
  readonly client: Client;
  readonly browser: Watched;
  readonly page: Page;
}

/** Starts a daemon that serves the built page, and logs in with its first token, or with `scopes` alone. */
export async function openDashboard(
  options: DaemonOptions & { readonly scopes?: readonly Scope[]; readonly config?: object } = {},
): Promise<OpenDashboard> {
  const { scopes, config, ...rest } = options;
  const place = daemonPlace();
  if (config) {
    mkdirSync(place.home.path, { mode: 0o700 });
    writeFileSync(place.home.config, JSON.stringify(config), { mode: 0o600 });
  }
  const daemon = await daemonHere(place, { dashboard: builtDashboard, ...rest, env: { ...place.env, ...rest.env } });
  const origin = originOf(daemon);
  const client = await connect({ socketPath: place.home.socket, env: place.env });
  onTestFinished(() => client.close());
  const browser = await browse(origin);
  const page = await browser.open();
  await logIn(page, scopes ? (await client.tokens.create({ label: "some", scopes: [...scopes] })).token : firstToken(place.home));
  return { place, daemon, origin, client, browser, page };
}

/** Where a daemon listens on TCP. */
export function originOf({ addresses }: Pick<RunningDaemon, "addresses">): string {
  return addresses.find((address) => address.startsWith("http")) ?? "";
}
