import { gzipSync } from "node:zlib";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Locator } from "playwright-core";
import { afterAll, describe, expect, it } from "vitest";
import { functionExecutor } from "../../lib/index.js";
import { visibleText } from "../../adapters/dashboard/visible-text.js";
import { builtDashboard } from "../support/built-dashboard.js";
import { browse, closeBrowser, firstToken, goTo, hasBrowser, logIn, needsBrowser, openDashboard } from "../support/dashboard.js";
import { hostileText } from "../support/hostile-text.js";

afterAll(closeBrowser);

/** What would be an element, a script or a style, were it ever taken for anything but text. */
const markup = [
  "<hostile-tag>x</hostile-tag>",
  "<img src=x onerror=alert(1)>",
  "<script>globalThis.hit=1</script>",
  "<svg onload=globalThis.hit=1><animate onbegin=globalThis.hit=1>",
  '"><iframe srcdoc="<hostile-tag>"></iframe>',
  "'><object data=x></object>",
  "</pre><hostile-tag>",
  "</bdi></title></textarea></style></script><hostile-tag>",
  "<a href=javascript:globalThis.hit=1>here</a>",
  "javascript:globalThis.hit=1",
  "<style>*{display:none}</style>",
  "<math><mtext></p><hostile-tag>",
  "&lt;hostile-tag&gt;",
  "<!--<hostile-tag>-->",
  "{{constructor.constructor('globalThis.hit=1')()}}",
  "${globalThis.hit=1}",
  "<base href=//example.invalid>",
  "<link rel=stylesheet href=//example.invalid/x.css>",
  "<meta http-equiv=refresh content='0;url=//example.invalid'>",
  "<form action=//example.invalid><input name=x></form>",
];
const hostile = [...markup, ...fc.sample(hostileText, { numRuns: 400, seed: 7 }).filter((text) => text.trim() !== "")].slice(0, 120);
const withoutNul = hostile.map((text) => text.replaceAll("\0", "").toWellFormed()).filter((text) => text.trim() !== "");

const says = functionExecutor(async ({ emit, ask }) => {
  for (const [at, text] of withoutNul.entries()) {
    await emit("assistant.message", { message_id: `m${at}`, text });
    await emit("tool.call", { call_id: `c${at}`, name: text.slice(0, 100), args: { command: text }, level: "auto_read" });
    await emit("tool.result", { call_id: `c${at}`, name: text.slice(0, 100), ok: true, output: text });
    await emit("process.output", { stream: "stdout", text });
    await emit("system.notice", { level: "info", code: text.slice(0, 40), text });
  }
  const options = [{ id: "a", title: withoutNul[1]?.slice(0, 200) ?? "", description: withoutNul[2] ?? "" }];
  await ask({ kind: "choice", scope: "user_question", prompt: withoutNul.join("\n").slice(0, 8000), options });
});

const asks = functionExecutor(async ({ ask }) => {
  const options = [{ id: "yes", title: "Yes" }];
  await ask({ kind: "choice", scope: "user_question", prompt: "May I?", options });
});

/** Elements that the page itself never makes, and what they might have done. */
const strange =
  "[document.querySelectorAll('hostile-tag, img, svg, iframe, object, math, style, base, meta[http-equiv], form[action], animate, [onerror], [onload], [style*=display]').length, document.scripts.length, [...document.links].filter(({href}) => !href.startsWith(location.origin)).length, globalThis.hit]";

describe(`What strangers write into the dashboard${needsBrowser}`, { timeout: 120_000 }, () => {
  it.runIf(hasBrowser)(
    "becomes text on every page, and never an element, a link or a script",
    async () => {
      const { browser, page, client } = await openDashboard({ executors: { says }, profiles: { says: { executor: "says" } } });
      await page.setViewportSize({ width: 1200, height: 30_000 });
      expect(withoutNul.length).toBeGreaterThan(100);
      const isLabel = (text: string): boolean => !/[\u0000-\u001f\u007f-\u009f]/.test(text) && text.length <= 256;
      for (const prompt of withoutNul)
        await client.runs.start({ prompt, profile: "says", ...(isLabel(prompt) && { run_label: prompt }) }, { retries: 0 }).catch(() => {});
      const { peer } = await client.peers.register({ backend: "service", name: "api", path: `/${markup[1]}`, model: markup[2] ?? "" });
      await client.peers.update({ id: peer.peer_id, description: withoutNul.join(" ").slice(0, 500) });
      const asks = [];
      for (const text of withoutNul.slice(0, 40)) asks.push(await client.asks.ask({ to_peer: "api", text }));
      for (const { correlation_id } of asks.slice(0, 20)) await client.asks.ack({ correlation_id, message: markup[0] ?? "" });
      const file = await client.attachments.upload(new Uint8Array(3), {
        filename: '"><img src=x onerror=1>.svg',
        content_type: "image/svg+xml",
      });
      await client.messages.notify({ from_peer: "api", to_peer: "human", text: withoutNul.join("\n"), attachments: [file.id] });
      const places: [string, string | RegExp][] = [
        ["#/runs", "Runs"],
        ["#/questions", "Questions"],
        ["#/peers", "Peers"],
        [`#/peers/${peer.peer_id}`, "api"],
        [`#/peers/${encodeURIComponent(markup[1] ?? "")}`, markup[1] ?? ""],
        ["#/asks", "Asks"],
        [`#/traces/${asks[0]?.correlation_id}`, /Trace/],
        ["#/feed", "Feed"],
        ["#/health", "Health"],
      ];
      const [first] = (await client.runs.all()).toReversed();
      places.push([`#/runs/${first?.id}`, markup[0] ?? ""]);
      for (const [hash, heading] of places) {
        await goTo(page, hash, heading);
        await page.waitForTimeout(300);
        expect([hash, await page.evaluate(strange)]).toEqual([hash, [0, 1, 0, undefined]]);
      }
      // It is there, as it was written.
      const list = page.getByRole("region", { name: "Events of this run" });
      // All of them have come: until then the list follows its end.
      await list.getByRole("link", { name: "to the questions" }).waitFor();
      await list.evaluate((box) => {
        box.scrollTop = 0;
      });
      for (const text of markup.slice(0, 8)) await list.getByText(visibleText(text), { exact: true }).first().waitFor();
      const refused = /status of 40[04]/;
      expect([browser.errors.filter((text) => !refused.test(text)), browser.foreign]).toEqual([[], []]);
    },
    180_000,
  );
});

describe(`Each page of the dashboard${needsBrowser}`, { timeout: 120_000 }, () => {
  it.runIf(hasBrowser)("has landmarks, one heading, names for all that can be used, and works by keyboard", async () => {
    const { browser, page, client } = await openDashboard({
      executors: { asks },
      profiles: { asks: { executor: "asks" } },
      // Whoever has panes of their own has them elsewhere.
      env: { TMUX_TMPDIR: "/nowhere" },
    });
    const { run_id } = await client.runs.start({ prompt: "ask it", profile: "asks", run_label: "asking" });
    const { peer } = await client.peers.register({ backend: "service", name: "api" });
    const { correlation_id } = await client.asks.ask({ to_peer: "api", text: "Which port?" });
    await page.getByRole("link", { name: "Questions 1 open" }).waitFor();
    const main = page.locator("main");
    // Where it is, its heading, and what is there once everything is.
    const places: [string, string | RegExp, readonly Locator[]][] = [
      ["#/runs", "Runs", [main.getByText("1 open"), main.locator(".badge", { hasText: "waiting" })]],
      [
        `#/runs/${run_id}`,
        "asking",
        [
          main.getByRole("button", { name: "Deny" }),
          main.locator(".badge", { hasText: "waiting" }),
          main.getByRole("link", { name: "to the questions" }),
        ],
      ],
      ["#/questions", "Questions", [main.getByRole("button", { name: "Deny" })]],
      ["#/peers", "Peers", [main.getByRole("link", { name: "api" }), main.getByText("No pane is left over.")]],
      [`#/peers/${peer.peer_id}`, "api", [main.getByText("Which port?"), main.getByRole("button", { name: "Examine" })]],
      ["#/asks", "Asks", [main.getByText("Which port?")]],
      [
        `#/traces/${correlation_id}`,
        /Trace of ask/,
        [main.getByText("Which port?"), main.getByText("created"), main.getByRole("table").getByRole("link", { name: "api" })],
      ],
      ["#/feed", "Feed", [main.getByText("question.asked"), main.getByRole("link", { name: "api" })]],
      ["#/health", "Health", [main.getByRole("columnheader", { name: "Label" }), main.getByText("Everything the daemon says of itself")]],
    ];
    for (const [hash, heading, ready] of places) {
      await goTo(page, hash, heading);
      for (const part of ready) await part.first().waitFor();
      const tree = await page.locator("body").ariaSnapshot();
      for (const landmark of ["banner", 'navigation "Pages"', "main", 'status "News"']) expect(tree).toContain(`- ${landmark}`);
      expect(tree.match(/heading ".*" \[level=1\]|heading \[level=1\]/g)).toHaveLength(1);
      // A control that a tree shows without a name is one that nobody can ask for.
      expect([
        hash,
        tree.match(/- (button|link|textbox|combobox|spinbutton|searchbox|checkbox|region|table|form|dialog)(?! ")(:| \[|$).*/gm),
      ]).toEqual([hash, null]);
      // What the pages are made of stays as it was recorded; what is in them changes.
      expect(outline(tree)).toMatchSnapshot(hash.split("/")[1] + (hash.split("/").length > 2 ? " one" : ""));
    }
    await goTo(page, "#/runs", "Runs");
    await page.keyboard.press("Tab");
    await page.getByText("Start a run").waitFor();
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Start a run");
    await page.keyboard.press("Enter");
    await page.getByRole("form", { name: "Start a run" }).waitFor();
    expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
    expect([browser.errors, browser.foreign]).toEqual([[], []]);
  });

  it.runIf(hasBrowser)("is narrow where the screen is, and says what it has to by words in both schemes", async () => {
    const { page, client } = await openDashboard();
    await client.runs.start({ argv: ["true"], run_label: "a_label_without_a_space_".repeat(10) });
    await client.peers.register({ backend: "service", name: "a-name-without-a-space-".repeat(2).slice(0, 40) });
    await page.setViewportSize({ width: 360, height: 700 });
    for (const [hash, heading] of [
      ["#/runs", "Runs"],
      ["#/peers", "Peers"],
      ["#/feed", "Feed"],
      ["#/health", "Health"],
    ] as const) {
      await goTo(page, hash, heading);
      await page.waitForTimeout(200);
      expect([hash, await page.evaluate("document.documentElement.scrollWidth")]).toEqual([hash, 360]);
      // The name of a row has the whole width, whatever is beside it.
      for (const name of await page.getByRole("rowheader").all()) expect((await name.boundingBox())?.width ?? 0).toBeGreaterThan(280);
    }
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    expect(await page.evaluate("document.getAnimations().length")).toBe(0);
  });

  it.runIf(hasBrowser)("is shown to nobody who has not logged in", async () => {
    const { origin, place } = await openDashboard();
    const other = await browse(origin);
    const page = await other.open("/dashboard#/health");
    await page.getByLabel("Token").waitFor();
    expect(await page.getByRole("table").count()).toBe(0);
    await logIn(page, firstToken(place.home));
    await page.getByRole("heading", { level: 1, name: "Health" }).waitFor();
  });
});

describe("The built dashboard", () => {
  it("is at most 300 KiB compressed, in files whose names change with their content", () => {
    const files = globSync("**/*.*", { cwd: builtDashboard }).sort();
    expect(files).toEqual([
      expect.stringMatching(/^assets\/page-[A-Z0-9]{8}\.js$/),
      expect.stringMatching(/^assets\/style-[A-Z0-9]{8}\.css$/),
      "index.html",
    ]);
    const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(join(builtDashboard, file))).length, 0);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(300 * 1024);
  });

  it("has no script, style or handler within its page, and writes no markup", () => {
    const page = readFileSync(join(builtDashboard, "index.html"), "utf8");
    expect(page).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
    const sources = globSync("adapters/dashboard/**/*.{ts,tsx}", { cwd: join(import.meta.dirname, "../..") });
    expect(sources.length).toBeGreaterThan(50);
    for (const source of sources)
      expect([
        source,
        /innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|localStorage|sessionStorage|indexedDB|\.cookie/.exec(
          readFileSync(join(import.meta.dirname, "../..", source), "utf8"),
        )?.[0],
      ]).toEqual([source, undefined]);
  });
});

/** The roles and names of a tree without what changes from run to run. */
function outline(tree: string): string {
  return tree
    .split("\n")
    .filter((line) =>
      /- (banner|navigation|main|region|form|heading|group|button|link|textbox|combobox|spinbutton|table|columnheader|status)/.test(line),
    )
    .map((line) =>
      line
        .replace(/(R|Q)-\d+_\d+|peer-[0-9a-f]+|ask-[0-9a-f]+|\/tmp\/\S+/g, "<id>")
        .replace(/:$/, "")
        .replace(/: .*$/, ""),
    )
    .filter(
      (line) => !/JSON of event|link "(run|peer|trace)"|^ *- (group|heading) "(Turn|Events|Args)|button "(Download|Revoke)/.test(line),
    )
    .filter((line, at, lines) => line !== lines[at - 1])
    .join("\n");
}
