import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { closeBrowser, goTo, hasBrowser, needsBrowser, openDashboard } from "../support/dashboard.js";
import { hasTmux, startTmux } from "../support/tmux.js";

afterAll(closeBrowser);

describe(`The mesh of the dashboard${needsBrowser}`, { timeout: 120_000 }, () => {
  it.runIf(hasBrowser)("ask a peer, see how far it gets, read the reply and its files", async () => {
    const { browser, page, client } = await openDashboard();
    const { peer } = await client.peers.register({ backend: "service", name: "api", circle: "work" });
    await goTo(page, "#/peers", "Peers");
    await page.getByRole("heading", { name: "Circle work" }).waitFor();
    await page.getByRole("link", { name: "api" }).click();
    await page.getByRole("form", { name: "Ask" }).getByRole("textbox").fill("Which port?");
    await page.getByRole("button", { name: "Ask", exact: true }).click();
    await page.getByRole("link", { name: "its trace" }).click();
    const stage = (name: string) => page.getByRole("rowheader", { name, exact: true });
    await stage("created").waitFor();
    const [ask] = (await client.asks.pending({ peer_id: peer.peer_id })).asks;
    const file = await client.attachments.upload(new TextEncoder().encode("<b>port</b> 7433"), {
      filename: "ports.html",
      content_type: "text/html",
    });
    await client.asks.ack({ correlation_id: ask?.correlation_id ?? "", message: "7433", attachments: [file.id] });
    await stage("acked").waitFor();
    await page.getByRole("group", { name: "Reply" }).getByText("7433").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download ports.html" }).click(),
    ]);
    expect([download.suggestedFilename(), readFileSync(await download.path(), "utf8")]).toEqual(["ports.html", "<b>port</b> 7433"]);

    // The reply waits for a person until it was seen.
    await goTo(page, "#/asks", "Asks");
    await page.locator("tr", { hasText: "Which port?" }).getByText("closed").waitFor();
    await page.getByRole("heading", { name: "For you" }).waitFor();
    await page.getByRole("button", { name: "Mark as seen" }).click();
    await page.getByRole("heading", { name: "For you" }).waitFor({ state: "detached" });
    expect((await client.deliveries.pending({ peer_id: "human" })).total).toBe(0);
    expect([browser.errors, browser.foreign]).toEqual([[], []]);
  });

  it.runIf(hasBrowser)("notify, and answer what peers ask a person", async () => {
    const { browser, page, client } = await openDashboard();
    const { peer } = await client.peers.register({ backend: "service", name: "api" });
    await goTo(page, `#/peers/${peer.peer_id}`, "api");
    await page.getByRole("form", { name: "Notify" }).getByRole("textbox").fill("The build is red.");
    await page.getByRole("button", { name: "Notify", exact: true }).click();
    await page.getByText("Sent:").waitFor();
    expect((await client.deliveries.pending({ peer_id: peer.peer_id })).messages).toMatchObject([
      { text: "The build is red.", from_name: "human" },
    ]);
    const { correlation_id: id } = await client.asks.ask({ from_peer: "api", to_peer: "human", text: "May I?" });
    await goTo(page, "#/asks", "Asks");
    await page.getByRole("link", { name: `Open ask ${id}` }).click();
    await page.getByRole("form", { name: "Reply" }).getByRole("textbox").fill("You may.");
    await page.getByRole("button", { name: "Reply", exact: true }).click();
    await page.getByRole("group", { name: "Reply" }).getByText("You may.").waitFor();
    expect(await client.asks.get({ id })).toMatchObject({ state: "closed", reply_text: "You may." });
    const own = await client.asks.ask({ to_peer: "api", text: "Never mind" });
    await goTo(page, `#/traces/${own.correlation_id}`, /Trace of ask/);
    await page.getByRole("button", { name: "Take back" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
    await page.getByText("canceled").first().waitFor();
    expect([browser.errors, browser.foreign]).toEqual([[], []]);
  });

  it.runIf(hasBrowser)("examine a peer, and say why it cannot be given a hook", async () => {
    const { browser, page, client } = await openDashboard();
    const { peer } = await client.peers.register({ backend: "claude-code", name: "coder", pane_id: "%9999" });
    await goTo(page, `#/peers/${peer.peer_id}`, "coder");
    await page.getByRole("button", { name: "Examine" }).click();
    const report = await client.peers.doctor({ id: peer.peer_id });
    for (const { code, detail } of report.contradictions) {
      await page.getByText(code).waitFor();
      await page.getByText(detail).waitFor();
    }
    await page.getByText("Its run").waitFor();
    await page.getByRole("button", { name: "Rehook: what would be done?" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByRole("button", { name: "Rehook now" }).click();
    await page.getByRole("dialog").getByText("Start the hook of coder anew?").waitFor();
    await page.getByRole("button", { name: "No", exact: true }).click();
    expect(browser.errors.filter((text) => !/status of 4\d\d|status of 503/.test(text))).toEqual([]);
  });

  it.runIf(hasBrowser && hasTmux)(
    `list the panes that are no peer's, with the form that links them${hasTmux ? "" : " (needs tmux)"}`,
    async () => {
      const tmux = startTmux("default");
      onTestFinished(() => tmux.close());
      const pane = tmux.open("left-over", ["sleep", "300"]);
      const { page } = await openDashboard({ env: { TMUX_TMPDIR: tmux.folder } });
      await goTo(page, "#/peers", "Peers");
      const row = page.getByRole("row", { name: new RegExp(pane) });
      await row.waitFor();
      await row.getByLabel("Agent").selectOption("codex");
      await row.getByRole("button", { name: "Link" }).click();
      await row.getByRole("alert").waitFor();
    },
  );
});
