import { afterAll, describe, expect, it } from "vitest";
import { browse, closeBrowser, firstToken, goTo, hasBrowser, logIn, needsBrowser, openDashboard } from "../support/dashboard.js";

afterAll(closeBrowser);

describe(`Who comes to the dashboard${needsBrowser}`, { timeout: 120_000 }, () => {
  it.runIf(hasBrowser)("logs in by a code, which is gone from the address, and good for once", async () => {
    const { client, browser, origin } = await openDashboard();
    const { url } = await client.auth.createCode({});
    // Another profile, so that no open tab helps out.
    const other = await browse(origin);
    const page = await other.open(url.slice(origin.length));
    await page.locator("[data-link=live]").waitFor();
    expect(page.url()).toBe(`${origin}/dashboard`);
    await page.goBack().catch(() => {});
    expect(page.url()).not.toContain("code");
    const third = await browse(origin);
    const late = await third.open(url.slice(origin.length));
    await late.getByRole("alert").waitFor();
    expect(await late.getByRole("alert").textContent()).toMatch(/code/i);
    expect(await late.getByLabel("Token").isVisible()).toBe(true);
    expect(late.url()).toBe(`${origin}/dashboard`);
    expect([browser, other].flatMap(({ errors, foreign }) => [...errors, ...foreign])).toEqual([]);
    // The refusal is the only thing that the console of the third tells.
    expect(third.errors.filter((text) => !text.includes("401"))).toEqual([]);
  });

  it.runIf(hasBrowser)("is refused with a wrong token, in the daemon's words, and may try again", async () => {
    const { browser, page, origin, place } = await openDashboard();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByText("You logged out.").waitFor();
    await page.getByLabel("Token").fill("anode_at_wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("The token is unknown").waitFor();
    await logIn(page, firstToken(place.home));
    expect(page.url()).toContain(origin);
    expect(browser.errors.filter((text) => !text.includes("401"))).toEqual([]);
  });

  it.runIf(hasBrowser)("has the session in every tab, in no storage and no cookie, and logs out of all", async () => {
    const { browser, page, client } = await openDashboard({ scopes: ["read", "control"] });
    const second = await browser.open();
    await second.locator("[data-link=live]").waitFor();
    expect(await second.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")).toEqual([0, 0, ""]);
    expect(await browser.context.cookies()).toEqual([]);
    expect(await browser.context.storageState({ indexedDB: true })).toEqual({ cookies: [], origins: [] });
    await second.reload();
    await second.locator("[data-link=live]").waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByText("You logged out.").waitFor();
    await second.getByText("Another tab logged out.").waitFor();
    // It is over for the daemon too, not for the page alone.
    expect((await client.tokens.list()).tokens.filter(({ revoked_at, label }) => label === "some" && revoked_at === undefined)).toEqual([]);
    await second.reload();
    await second.getByLabel("Token").waitFor();
    expect([browser.errors, browser.foreign]).toEqual([[], []]);
  });

  it.runIf(hasBrowser)("is logged out while a stream is live, when the token is revoked", async () => {
    const { browser, page, client } = await openDashboard({ scopes: ["read"] });
    const [token] = (await client.tokens.list()).tokens.filter(({ label }) => label === "some");
    await client.tokens.revoke({ id: token?.id ?? "" });
    await page.getByText("Logged out: The token is revoked.").waitFor();
    expect(await page.getByRole("navigation").count()).toBe(0);
    expect(browser.errors.filter((text) => !text.includes("401"))).toEqual([]);
  });

  it.runIf(hasBrowser)("is logged out when the token has expired", async () => {
    const { origin, client } = await openDashboard();
    const browser = await browse(origin);
    const page = await browser.context.newPage();
    await page.clock.install();
    await page.goto(`${origin}/dashboard`);
    await page.clock.runFor(1_000);
    const { token } = await client.tokens.create({ label: "short", scopes: ["read"], ttl_ms: 60_000 });
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Log in" }).click();
    for (let time = 0; time < 20 && (await page.getByRole("navigation").count()) === 0; time += 1) await page.clock.runFor(200);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Runs");
    await page.clock.fastForward(61_000);
    await page.clock.runFor(200);
    await page.getByText("Logged out: the token has expired.").waitFor();
    expect(browser.errors).toEqual([]);
  });

  it.runIf(hasBrowser)("is told what to do when nobody answers any more", async () => {
    const { browser, page, daemon } = await openDashboard();
    await browser.context.setOffline(true);
    await daemon.close();
    const next = page.getByText("anode daemon --detach");
    await next.waitFor();
    await page.getByText("The daemon does not answer.").waitFor();
    await page.getByText(/offline, trying again in \d+ s$/).waitFor();
    await browser.context.setOffline(false);
  });

  it.runIf(hasBrowser)("sees what the token does not allow as disabled, with the reason", async () => {
    const { browser, page, client } = await openDashboard({ scopes: ["read"] });
    const { run_id } = await client.runs.start({ argv: ["sleep", "30"], run_label: "long" });
    const cancel = page.getByRole("button", { name: "Cancel long" });
    await cancel.waitFor();
    expect([await cancel.isDisabled(), await cancel.getAttribute("title")]).toEqual([true, "Your token lacks the scope control."]);
    await page.getByText("Start a run").click();
    expect(await page.getByRole("button", { name: "Start", exact: true }).isDisabled()).toBe(true);
    await page.getByText("Your token lacks the scope control.").first().waitFor();
    await goTo(page, "#/health", "Health");
    expect(await page.getByRole("button", { name: "Rotate the first token" }).isDisabled()).toBe(true);
    await client.runs.cancel({ id: run_id });
    expect([browser.errors, browser.foreign]).toEqual([[], []]);
  });
});
