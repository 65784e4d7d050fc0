import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { closeBrowser, goTo, hasBrowser, needsBrowser, openDashboard } from "../support/dashboard.js";
import { eventually } from "../support/daemon.js";
import { programPath } from "../support/program.js";
import { hasTmux, startTmux } from "../support/tmux.js";

afterAll(closeBrowser);

describe(`The mesh of the dashboard${needsBrowser}`, { timeout: 120_000 }, () => {
  it.runIf(hasBrowser)("ask a peer, see how far it gets, read the reply and its files", async () => {
    const { browser, page, client } = await openDashboard();
    const { peer } = await client.peers.register({ backend: "service", name: "api", circle: "work" });
    await goTo(page, "#/peers", "Peers");
    await page.getByRole("heading", { name: "Circle work" }).waitFor();
    await page.getByRole("link", { name: "api" }).click();
    await page.getByRole("form", { name: "Ask", exact: true }).getByRole("textbox").fill("Which port?");
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

  it.runIf(hasBrowser)("send files along, and show them on the page of what they went with", async () => {
    const { browser, page, client } = await openDashboard({
      config: { daemon: { limits: { attachmentBytes: 1000, attachmentStoreBytes: 1500 } } },
    });
    const { peer } = await client.peers.register({ backend: "service", name: "api" });
    await goTo(page, `#/peers/${peer.peer_id}`, "api");
    const [ask, notify] = ["Ask", "Notify"].map((name) => page.getByRole("form", { name }));
    const file = (name: string, text: string) => ({ name, mimeType: "text/html", buffer: Buffer.from(text) });
    await ask?.getByText("At most 16, each up to 1000 B.").waitFor();

    // What would be refused anyway is refused before a byte is sent, by its name.
    await ask?.getByRole("textbox").fill("What is wrong with these?");
    await ask?.getByLabel("Files").setInputFiles([file("a.html", "<b>a</b>"), file("large.bin", "x".repeat(1001))]);
    await ask?.getByText("too large").waitFor();
    await ask?.getByRole("button", { name: "Ask" }).click();
    await ask?.getByText("large.bin has 1001 B; a file may have 1000 B.").waitFor();
    expect((await client.attachments.list()).attachments).toEqual([]);
    await ask?.getByLabel("Files").setInputFiles(Array.from({ length: 17 }, (_, at) => file(`${at}.txt`, "")));
    await ask?.getByRole("button", { name: "Ask" }).click();
    await ask?.getByText("At most 16 files go with one message; you chose 17.").waitFor();

    await ask?.getByLabel("Files").setInputFiles([file("a.html", "<b>a</b>"), file("übung \u202e2.txt", "two")]);
    await ask?.getByRole("button", { name: "Ask" }).click();
    await page.getByRole("link", { name: "its trace" }).click();
    await page.getByRole("region", { name: "The ask" }).getByText("What is wrong with these?").waitFor();
    await page.getByRole("button", { name: "Download übung 2.txt" }).waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download a.html" }).click()]);
    expect([download.suggestedFilename(), readFileSync(await download.path(), "utf8")]).toEqual(["a.html", "<b>a</b>"]);
    const [asked] = (await client.asks.list()).asks;
    expect(asked?.attachments).toMatchObject([{ filename: "a.html", size_bytes: 8, content_type: "text/html" }, { size_bytes: 3 }]);

    await goTo(page, `#/peers/${peer.peer_id}`, "api");
    await notify?.getByRole("textbox").fill("The log");
    await notify?.getByLabel("Files").setInputFiles(file("log.txt", "y".repeat(900)));
    await notify?.getByRole("button", { name: "Notify" }).click();
    await page.getByRole("link", { name: "its trace" }).click();
    const message = page.getByRole("region", { name: "The message" });
    await message.getByText("The log").waitFor();
    await message.getByRole("button", { name: "Download log.txt" }).waitFor();

    // What only the daemon knows it says; what is there already is not sent again with the next try.
    await goTo(page, `#/peers/${peer.peer_id}`, "api");
    await notify?.getByRole("textbox").fill("More");
    const uploads: string[] = [];
    page.on("request", (request) => {
      const { pathname, searchParams } = new URL(request.url());
      if (pathname === "/attachments/raw") uploads.push(searchParams.get("filename") ?? "");
    });
    await notify?.getByLabel("Files").setInputFiles([file("c.txt", "z".repeat(500)), file("d.txt", "z".repeat(900))]);
    for (const sent of [
      ["c.txt", "d.txt"],
      ["c.txt", "d.txt", "d.txt"],
    ]) {
      await notify?.getByRole("button", { name: "Notify" }).click();
      await notify?.getByRole("alert").getByText("attachment_storage_full").waitFor();
      await eventually(() => uploads.length === sent.length);
      expect(uploads).toEqual(sent);
    }
    expect(browser.errors.filter((text) => !/status of 507/.test(text))).toEqual([]);
    expect(browser.foreign).toEqual([]);
  });

  it.runIf(hasBrowser)("ask several at once and read their replies, and tell a whole circle", async () => {
    const { browser, page, client } = await openDashboard();
    for (const name of ["api", "docs"]) await client.peers.register({ backend: "service", name });
    await client.peers.register({ backend: "service", name: "ops", circle: "work" });
    await goTo(page, "#/peers", "Peers");
    const ask = page.getByRole("form", { name: "Ask several" });
    await ask.getByRole("textbox").fill("Who has the lock?");
    await ask.getByRole("button", { name: "Ask them" }).click();
    await ask.getByText("Choose at least one peer.").waitFor();
    // Those that are always there need no message.
    await expect.poll(() => ask.getByRole("checkbox").count()).toBe(3);
    for (const name of ["api", "ops"]) await ask.getByRole("checkbox", { name }).check();
    await ask.getByLabel("Files").setInputFiles({ name: "lock.txt", mimeType: "text/plain", buffer: Buffer.from("pid 7") });
    await ask.getByRole("button", { name: "Ask them" }).click();
    await page.getByRole("heading", { level: 1, name: /Trace of ask askm-/ }).waitFor();
    const { asks } = await client.asks.pending({ peer_id: "api" });
    expect(asks).toMatchObject([{ text: "Who has the lock?", from_name: "human", attachments: [{ filename: "lock.txt" }] }]);
    await client.asks.ack({ correlation_id: asks[0]?.correlation_id ?? "", message: "I have." });
    const row = (name: string) => page.getByRole("region", { name: "Replies" }).getByRole("row", { name });
    await row("api").getByText("I have.").waitFor();
    await row("ops").getByText("open", { exact: true }).waitFor();
    await row("api").getByRole("link", { name: "Open ask" }).click();
    await page.getByRole("button", { name: "Download lock.txt" }).waitFor();
    await page.getByRole("link", { name: /^askm-/ }).waitFor();

    await goTo(page, "#/peers", "Peers");
    const tell = page.getByRole("form", { name: "Tell a circle" });
    await tell.getByRole("textbox").fill("The build is red.");
    await tell.getByRole("button", { name: "Tell them" }).click();
    await page.getByText("waiting: docs, api").or(page.getByText("waiting: api, docs")).waitFor();
    await tell.getByLabel("To all that are there of").selectOption("circle work");
    await tell.getByRole("textbox").fill("Yours too.");
    await tell.getByRole("button", { name: "Tell them" }).click();
    await page.getByText("waiting: ops").waitFor();
    await page.getByRole("link", { name: "its trace" }).click();
    await page.getByRole("region", { name: "The message" }).getByText("Yours too.").waitFor();
    const texts = async (peer_id: string) =>
      (await client.deliveries.pending({ peer_id })).messages.flatMap(({ kind, text }) => (kind === "broadcast" ? [text] : []));
    expect([await texts("api"), await texts("docs"), await texts("ops")]).toEqual([
      ["The build is red."],
      ["The build is red."],
      ["Yours too."],
    ]);
    expect([browser.errors, browser.foreign]).toEqual([[], []]);
  });

  it.runIf(hasBrowser)("tell no other circle than their own where the token is not an admin's", async () => {
    const { page, client } = await openDashboard({ scopes: ["read", "control"] });
    await client.peers.register({ backend: "service", name: "ops", circle: "work" });
    await goTo(page, "#/peers", "Peers");
    const tell = page.getByRole("form", { name: "Tell a circle" });
    await expect.poll(() => tell.getByRole("option").allTextContents()).toEqual(["circle default"]);
    await tell.getByRole("textbox").fill("Anybody?");
    await tell.getByRole("button", { name: "Tell them" }).click();
    await page.getByText("Nobody of it is there.").waitFor();
  });

  const needsTmux = hasTmux ? "" : " (needs tmux)";
  it.runIf(hasBrowser && hasTmux)(`list the panes that are no peer's, link one, and give it a lost hook back${needsTmux}`, async () => {
    const tmux = startTmux("default");
    onTestFinished(() => tmux.close());
    const [pane, other] = [tmux.open("left-over", ["sleep", "300"]), tmux.open("other", ["sleep", "300"])];
    const { browser, page, client } = await openDashboard({ env: { TMUX_TMPDIR: tmux.folder }, hookProgram: programPath });
    await goTo(page, "#/peers", "Peers");
    const rowOf = (id: string) => page.getByRole("row", { name: new RegExp(id) });
    await rowOf(other).waitFor();
    await rowOf(pane).getByLabel("Agent").selectOption("codex");
    await rowOf(pane).getByLabel("Name").fill("coder");
    await rowOf(pane).getByRole("button", { name: "Link" }).click();
    await page.getByText(`Pane ${pane} is now the peer coder of circle left-over.`).waitFor();
    await rowOf(pane).getByRole("button", { name: "Link" }).waitFor({ state: "detached" });
    await expect.poll(() => rowOf(other).count()).toBe(1);
    await page.getByRole("heading", { name: "Circle left-over" }).waitFor();
    await page.getByRole("table", { name: "Peers of circle left-over" }).getByRole("link", { name: "coder" }).click();
    await page.getByRole("heading", { level: 1, name: "coder" }).waitFor();

    const isConnected = async (): Promise<boolean> => (await client.peers.get({ id: "coder" })).ws_connected;
    expect(await isConnected()).toBe(true);
    await page.getByRole("button", { name: "Rehook: what would be done?" }).click();
    await page.getByText("already healthy").waitFor();
    const { hook } = await client.peers.doctor({ id: "coder" });
    process.kill(hook.pid ?? 0, "SIGKILL");
    await eventually(async () => !(await isConnected()));
    await page.getByRole("button", { name: "Rehook: what would be done?" }).click();
    await page.getByText("would start hook").waitFor();
    expect(await isConnected()).toBe(false);
    await page.getByRole("button", { name: "Rehook now" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Rehook now" }).click();
    await page.getByText(`hook started Pane ${pane}, connected.`).waitFor();
    expect(await isConnected()).toBe(true);
    expect([browser.errors, browser.foreign]).toEqual([[], []]);
  });

  it.runIf(hasBrowser && hasTmux)(`say why a pane could not be linked, and leave it as it was${needsTmux}`, async () => {
    const tmux = startTmux("default");
    onTestFinished(() => tmux.close());
    const pane = tmux.open("left-over", ["sleep", "300"]);
    const { page, client } = await openDashboard({ env: { TMUX_TMPDIR: tmux.folder } });
    await goTo(page, "#/peers", "Peers");
    const row = page.getByRole("row", { name: new RegExp(pane) });
    await row.getByLabel("Agent").selectOption("codex");
    await row.getByRole("button", { name: "Link" }).click();
    await row.getByRole("alert").getByText("link_hook_failed").waitFor();
    expect((await client.panes.orphans()).panes).toHaveLength(1);
  });
});
