import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { describe, expect, it, onTestFinished } from "vitest";
import { executablePath, hasBrowser, quiet } from "../support/chromium.js";
import { call, daemonHere, daemonPlace } from "../support/daemon.js";

/** What a page of the dashboard does first, and what it must not be able to do. */
const script = `
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  history.replaceState(null, "", location.pathname);
  const answer = await fetch("/dashboard/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  });
  const session = await answer.json();
  const self = await fetch("/auth/self", { headers: { Authorization: "Bearer " + session.token } });
  const { label } = await self.json();
  const blocked = new Promise((resolve) => document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective)));
  const elsewhere = await fetch(location.href.replace("127.0.0.1", "localhost")).then(() => "reached", () => Promise.race([blocked, new Promise((resolve) => setTimeout(resolve, 1000, "not blocked"))]));
  const seen = { status: answer.status, reason: session.reason, label, elsewhere, inline: window.inline ?? "blocked", address: location.href };
  document.body.append(Object.assign(document.createElement("pre"), { textContent: JSON.stringify(seen) }));
`;
const page = `<!doctype html><html><head><title>Page</title>
  <script>window.inline = "ran"</script>
  <script type="module" src="/dashboard/assets/page-0a1b2c3d.js"></script></head><body></body></html>`;

interface Seen {
  readonly status: number;
  readonly reason?: string;
  readonly label?: string;
  readonly elsewhere: string;
  readonly inline: string;
  readonly address: string;
}

describe("the dashboard's door in a real browser", () => {
  it.runIf(hasBrowser)(
    `lets a page log in with the code of its address, once, and do nothing else${hasBrowser ? "" : " (needs chromium)"}`,
    async () => {
      const place = daemonPlace();
      const folder = join(place.cwd, "pages");
      mkdirSync(join(folder, "assets"), { recursive: true });
      writeFileSync(join(folder, "index.html"), page);
      writeFileSync(join(folder, "assets/page-0a1b2c3d.js"), script);
      mkdirSync(place.home.path, { mode: 0o700 });
      writeFileSync(place.home.config, JSON.stringify({ daemon: { auth_token: "configured-token-of-the-operator" } }), { mode: 0o600 });
      const daemon = await daemonHere(place, { dashboard: folder });
      const origin = daemon.addresses.find((address) => address.startsWith("http")) ?? "";

      const browser = await chromium.launch({ executablePath, args: quiet });
      onTestFinished(() => browser.close());
      const seenAt = async (address: string): Promise<Seen> => {
        const tab = await browser.newPage();
        await tab.goto(address);
        return JSON.parse((await tab.locator("pre").textContent()) ?? "");
      };
      const { url } = (await call(place.home.socket, "/auth/codes", { body: {} })).json;
      const plain = { elsewhere: "connect-src", inline: "blocked", address: `${origin}/dashboard` };
      expect(await seenAt(url)).toEqual({ ...plain, status: 200, label: "dashboard" });
      expect(await seenAt(url)).toEqual({ ...plain, status: 401, reason: "unknown" });
      // The root leads there, and a redirect keeps what is behind the #.
      const again = (await call(place.home.socket, "/auth/codes", { body: {} })).json;
      expect(await seenAt(`${origin}/#code=${again.code}`)).toEqual({ ...plain, status: 200, label: "dashboard" });
    },
  );
});
