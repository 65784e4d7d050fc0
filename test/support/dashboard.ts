import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { onTestFinished } from "vitest";
import type { Home } from "../../adapters/daemon/index.js";

/** What the build made of the page. */
export const builtDashboard = join(import.meta.dirname, "../../dist/dashboard");

const executablePath = "/usr/bin/chromium";
const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const hasBrowser = existsSync(executablePath);
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
      page.setDefaultTimeout(15_000);
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
