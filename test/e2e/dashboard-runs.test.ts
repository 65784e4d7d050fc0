import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { connect } from "../../adapters/client/index.js";
import { type Executor, functionExecutor, type QuestionInput } from "../../lib/index.js";
import { daemonPlace, daemonProcess, eventually } from "../support/daemon.js";
import { browse, closeBrowser, firstToken, goTo, hasBrowser, logIn, needsBrowser, openDashboard } from "../support/dashboard.js";

afterAll(closeBrowser);

const approval: QuestionInput = {
  kind: "choice",
  scope: "tool_permission",
  prompt: "Allow bash? git push",
  options: [
    { id: "allow_once", title: "Allow once", effect: "allow" },
    { id: "deny", title: "Deny", effect: "deny" },
  ],
  tool: { call_id: "c1", name: "bash", level: "confirm_execute", args: { command: "git push \u202eniam" } },
  metadata: { rule: { tool: "bash", args: { command: ["git push *"] }, action: "allow" } },
};

/** Does what its prompt says: asks, emits so many events, waits for input. */
const scripted: Executor = functionExecutor(async ({ request, emit, ask, input, preview }) => {
  const prompt = request.prompt ?? "";
  await emit("turn.started", { turn: 1 });
  await emit("user.message", { message_id: "u", text: prompt });
  if (prompt === "ask") return `It was ${(await ask(approval)).option_id ?? "nothing"}.`;
  if (prompt === "text")
    return `You said ${(await ask({ kind: "text", scope: "user_question", prompt: "Which port?" })).text ?? "nothing"}.`;
  const count = Number(/^emit (\d+)$/.exec(prompt)?.[1] ?? 0);
  for (let at = 1; at <= count; at += 1) {
    const emitted = emit("assistant.message", { message_id: `m${at}`, text: `message ${at}` });
    if (at % 1000 === 0) await emitted;
  }
  if (prompt !== "wait") return "done";
  preview("assistant.delta", { message_id: "growing", offset: 0, text: "It grows" });
  const next = await input.next();
  await next?.delivered();
  await emit("tool.call", { call_id: "c", name: "bash", args: { command: "ls -a" }, level: "confirm_execute" });
  await emit("tool.result", { call_id: "c", name: "bash", ok: true, output: "the output of ls" });
  return `heard ${next?.text}`;
});
const daemon = { executors: { scripted }, profiles: { scripted: { executor: "scripted" } } };

describe(`The runs of the dashboard${needsBrowser}`, { timeout: 120_000 }, () => {
  it.runIf(hasBrowser)("start a run by the form, watch it finish, and save its events", async () => {
    const lines = { argv: ["sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.2; done"] };
    const { browser, page, client } = await openDashboard({ ...daemon, config: { daemon: { commands: { lines } } } });
    await page.getByText("Start a run").click();
    // What a caller on TCP may not start is told with the way out.
    await page.getByLabel("What").selectOption("argv");
    await page.getByLabel("Program and arguments").fill("sh\n-c\ntrue");
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByText("Name a command of the configuration instead.").waitFor();
    await page.getByLabel("What").selectOption("command");
    await page.getByLabel("Name of the command").fill("lines");
    await page.getByRole("group").getByLabel("Label").fill("three lines");
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "three lines" }).waitFor();
    await page.getByText("line 3").first().waitFor();
    await page.getByLabel("Summary").getByText("completed").waitFor();
    await page.locator("[data-link=ended]").waitFor();
    const id = (await client.runs.list()).runs[0]?.id ?? "";
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download NDJSON" }).click()]);
    expect(download.suggestedFilename()).toBe(`${id}.ndjson`);
    const saved = readFileSync(await download.path(), "utf8")
      .trimEnd()
      .split("\n");
    expect(saved.map((line) => JSON.parse(line) as unknown)).toEqual((await client.runs.events({ id })).events);
    await page.getByRole("button", { name: "Copy id" }).click();
    await page.getByText("Copied").waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(id);
    await page.getByRole("link", { name: "Runs" }).click();
    await page
      .getByRole("row", { name: /three lines/ })
      .getByText("completed")
      .waitFor();
    expect([browser.errors.filter((text) => !text.includes("403")), browser.foreign]).toEqual([[], []]);
  });

  it.runIf(hasBrowser)("keep the list live, filter and page it", async () => {
    const { browser, page, client } = await openDashboard(daemon);
    await page.getByText("No run yet.").waitFor();
    for (let at = 0; at < 55; at += 1) await client.runs.start({ prompt: "emit 0", profile: "scripted", run_label: `run ${at}` });
    await page.getByRole("row", { name: /run 54/ }).waitFor();
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByRole("row", { name: /run 4 / }).waitFor();
    await expect.poll(() => page.getByRole("row").count()).toBe(6);
    await page.getByRole("search").getByLabel("Label").fill("run 7");
    await page.getByRole("row", { name: /run 7/ }).waitFor();
    await eventually(async () => (await page.getByRole("row").count()) === 2);
    await page.getByRole("search").getByLabel("Status").selectOption("active");
    await page.getByText("No run matches.").waitFor();
    await page.getByRole("search").getByLabel("Profile").fill("not a profile \u0001");
    // More than one page of events: the last of them are what is shown.
    await goTo(page, "#/feed", "Feed");
    await page.getByText("run 54: running → completed").waitFor();
    await goTo(page, "#/runs/R-1_1", "R-1_1");
    await page.getByText("There is no such run.").waitFor();
    expect(await page.getByText("There is no such run.").count()).toBe(1);
    expect([browser.errors.filter((text) => !text.includes("404")), browser.foreign]).toEqual([[], []]);
  });

  it.runIf(hasBrowser)(
    "show a run that is at work: text that grows, a follow-up, a folded tool, raw events; cancel asks first",
    async () => {
      const { browser, page, client } = await openDashboard(daemon);
      const { run_id: id } = await client.runs.start({ prompt: "wait", profile: "scripted", keep_open: true });
      await goTo(page, `#/runs/${id}`, "wait");
      await page.getByText("It grows").waitFor();
      await page.getByLabel("Message", { exact: true }).fill("go on");
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText("heard go on").first().waitFor();
      const tool = page.getByText("Arguments and output");
      await tool.waitFor();
      expect(await page.getByText("the output of ls").count()).toBe(0);
      await tool.click();
      await page.getByText("the output of ls").waitFor();
      await page.getByRole("button", { name: "JSON of event 1" }).first().click();
      await page.getByText('"type": "run.queued"').waitFor();
      const other = await client.runs.start({ prompt: "wait", profile: "scripted", keep_open: true, run_label: "to be canceled" });
      await goTo(page, `#/runs/${other.run_id}`, "to be canceled");
      await page.getByRole("button", { name: "Cancel run" }).click();
      await page.getByRole("dialog").getByText("Cancel the run “to be canceled”?").waitFor();
      await page.keyboard.press("Escape");
      expect((await client.runs.get({ id: other.run_id })).status).toBe("running");
      await page.getByRole("button", { name: "Cancel run" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Cancel run" }).click();
      await page.getByLabel("Summary").getByText("canceled").first().waitFor();
      expect([browser.errors, browser.foreign]).toEqual([[], []]);
    },
  );

  it.runIf(hasBrowser)("answer and deny questions, and tell who was faster", async () => {
    const { browser, page, client } = await openDashboard(daemon);
    const start = async (prompt: string): Promise<string> => (await client.runs.start({ prompt, profile: "scripted" })).run_id;
    const result = (id: string): Promise<string | undefined> => client.runs.wait({ id, timeout_ms: 10_000 }).then(({ result }) => result);
    const first = await start("ask");
    await page.getByLabel("News").getByText("New question: Allow bash? git push").waitFor();
    await goTo(page, "#/questions", "Questions");
    await page.getByText('"command": "git push \\u{202e}niam"').waitFor();
    await page.getByRole("timer").waitFor();
    await page.getByRole("button", { name: "Copy rule" }).click();
    await page.getByText("Copied").waitFor();
    expect(JSON.parse(await page.evaluate("navigator.clipboard.readText()"))).toEqual(approval.metadata?.["rule"]);
    await page.getByRole("button", { name: "Allow once" }).click();
    expect(await result(first)).toBe("It was allow_once.");
    await page.getByText("answered, allow").waitFor();

    const second = await start("ask");
    await page.getByRole("button", { name: "Deny" }).click();
    expect(await result(second)).toBe("It was deny.");

    const third = await start("text");
    await page.getByRole("textbox", { name: "Answer" }).fill("7433");
    await page.getByRole("button", { name: "Send answer" }).click();
    expect(await result(third)).toBe("You said 7433.");

    // Somebody else answers while this page has not heard of it yet.
    const fourth = await start("ask");
    await page.getByRole("button", { name: "Allow once" }).waitFor();
    const held = Promise.withResolvers<void>();
    await page.route("**/answer", async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.getByRole("button", { name: "Allow once" }).click();
    await page.getByRole("button", { name: "Allow once", disabled: true }).waitFor();
    const [question] = (await client.questions.list({ run_id: fourth })).questions;
    await client.questions.answer({ correlation_id: question?.question_id ?? "", option_id: "deny" });
    held.resolve();
    await page.locator("article", { hasText: fourth }).getByText("owner").waitFor();
    expect(await result(fourth)).toBe("It was deny.");
    expect(browser.errors.filter((text) => !text.includes("410"))).toEqual([]);
  });

  it.runIf(hasBrowser)("wait for an answer as long as somebody has the page open, by two streams at most", async () => {
    const { browser, page, client } = await openDashboard(daemon);
    const ask = { prompt: "ask", profile: "scripted", approval: { unattended: "deny" } } as const;
    const { run_id: id } = await client.runs.start(ask);
    await goTo(page, `#/runs/${id}`, "ask");
    await page.getByRole("button", { name: "Deny" }).waitFor();
    await page.locator("main [data-link=live]").waitFor();
    const readers = async (): Promise<unknown> => (await client.status())["readers"];
    expect(await readers()).toBe(2);
    await goTo(page, "#/asks", "Asks");
    await eventually(async () => (await readers()) === 1);
    expect((await client.runs.get({ id })).status).toBe("waiting");
    await page.close();
    await eventually(async () => (await readers()) === 0);
    const { run_id: alone } = await client.runs.start(ask);
    await client.runs.wait({ id: alone, timeout_ms: 10_000 });
    expect((await client.runs.questions({ id: alone })).questions).toMatchObject([{ outcome: "denied", reason: "no_approver" }]);
    expect([browser.errors, browser.foreign]).toEqual([[], []]);
  });

  it.runIf(hasBrowser)(
    "stay usable with 100,000 events, of which only those in view exist",
    async () => {
      const { browser, page, client } = await openDashboard(daemon);
      const { run_id: id } = await client.runs.start({ prompt: "emit 99990", profile: "scripted", run_label: "many" });
      await client.runs.wait({ id, timeout_ms: 55_000 });
      await goTo(page, `#/runs/${id}`, "many");
      const list = page.getByRole("region", { name: "Events of this run" });
      await page.locator("[data-link=ended]").waitFor({ timeout: 90_000 });
      expect(await list.getByRole("listitem").count()).toBeLessThan(60);
      await list.evaluate((box) => {
        box.scrollTop = box.scrollHeight;
      });
      await list.getByText("message 99990", { exact: true }).waitFor();
      expect(await list.getByRole("listitem").count()).toBeLessThan(60);
      expect(await list.getByRole("listitem").last().getAttribute("aria-setsize")).toBe(
        await list.getByRole("listitem").last().getAttribute("aria-posinset"),
      );
      await list.evaluate((box) => {
        box.scrollTop = 0;
      });
      await list.getByText("run.queued").first().waitFor();
      await page.getByRole("link", { name: "Questions" }).click();
      await page.getByRole("heading", { level: 1, name: "Questions" }).waitFor();
      expect([browser.errors, browser.foreign]).toEqual([[], []]);
    },
    180_000,
  );

  it.runIf(hasBrowser)(
    "reconnect behind kill and stop of the daemon, and go on with nothing lost or repeated",
    async () => {
      const place = daemonPlace();
      let process = daemonProcess(place);
      await process.listens;
      const client = await connect({ socketPath: place.home.socket, env: place.env });
      const origin = `http://127.0.0.1:${readFileSync(place.home.port, "utf8").trim()}`;
      const browser = await browse(origin);
      const page = await browser.open();
      await page.setViewportSize({ width: 1200, height: 6000 });
      await logIn(page, firstToken(place.home));
      const { run_id: id } = await client.runs.start({ argv: ["sleep", "300"], run_label: "at work" });
      await goTo(page, `#/runs/${id}`, "at work");
      await page.getByText("process.started").waitFor();
      const second = await browser.open();
      await second.setViewportSize({ width: 1200, height: 6000 });
      await second.locator("[data-link=live]").waitFor();
      await goTo(second, "#/feed", "Feed");
      const numbers = (tab: typeof page): Promise<number[]> =>
        tab
          .getByRole("button", { name: /JSON of event/ })
          .evaluateAll((buttons) => buttons.map((button) => Number(/#(\d+)/.exec(button.textContent ?? "")?.[1])));
      for (const signal of ["SIGKILL", "SIGTERM"] as const) {
        process.child.kill(signal);
        await process.ended;
        await expect
          .poll(() => second.locator("header [data-link]").textContent())
          .toMatch(/(reconnecting|offline, trying again) in \d+ s$/);
        process = daemonProcess(place);
        await process.listens;
        await client.runs.start({ argv: ["true"] });
        await second.locator("[data-link=live]").waitFor({ timeout: 20_000 });
        await client.runs.start({ argv: ["true"] });
      }
      await page.getByLabel("Summary").getByText("interrupted").first().waitFor();
      await page.locator("[data-link=ended]").waitFor({ timeout: 45_000 });
      const { events } = await client.runs.events({ id });
      // The last of them is drawn with the next frame.
      await page.getByRole("button", { name: `JSON of event ${events.length}`, exact: true }).waitFor();
      expect(await numbers(page)).toEqual(events.map(({ seq }) => seq));
      const last = await eventually(async () => {
        const active = (await client.runs.list({ status: "active" })).runs.length;
        return active === 0 && (await client.events.list({ tail: 0 })).last_seq;
      });
      await second.getByRole("button", { name: `JSON of event ${last}`, exact: true }).waitFor();
      expect(await numbers(second)).toEqual(Array.from({ length: last }, (_, at) => at + 1));
      expect([browser.errors.filter((text) => !/Failed to load resource/.test(text)), browser.foreign]).toEqual([[], []]);
      await client.close();
    },
    120_000,
  );
});
