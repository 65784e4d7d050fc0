import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import type { Call, Reply } from "../../../adapters/http/call.js";
import { dashboardFiles } from "../../../adapters/http/node/dashboard-files.js";
import { systemHost } from "../../../lib/system-host.js";
import { call, documentOf, operations, row, tcpDoor, testHandler } from "./fixtures.js";

const built: Readonly<Record<string, string>> = {
  "index.html": "<!doctype html>",
  "favicon.svg": "<svg/>",
  "assets/page-1a2b3c4d.js": "export {};",
  "assets/page-5e6f7a8b.css": "body {}",
  "assets/page-1a2b3c4d.js.map": "{}",
  "assets/.hidden": "hidden",
  "notes.txt": "notes",
};

/** A folder that holds these files, beside one that nobody may read. */
function folderOf(files: Readonly<Record<string, string>>, cleanUp = onTestFinished): string {
  const root = mkdtempSync(join(tmpdir(), "anode-pages-"));
  cleanUp(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries({ "secret.html": "secret", ...prefixed(files) })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  mkdirSync(join(root, "dashboard"), { recursive: true });
  symlinkSync(join(root, "secret.html"), join(root, "dashboard/linked.html"));
  symlinkSync(root, join(root, "dashboard/above"));
  return join(root, "dashboard");
}

function prefixed(files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`dashboard/${path}`, text]));
}

const host = ["Host", "127.0.0.1:7433"];
const session = row({ name: "dashboard.session", method: "POST", path: "/dashboard/session", scope: "none" });

// Nobody writes into it.
const whole = folderOf(built, afterAll);

function serving(folder = whole): (target: string, part?: Partial<Call>) => Promise<Reply> {
  const { handle } = testHandler({ files: dashboardFiles(folder), operations: [...operations, session] });
  return (target, part = {}) => handle(call({ target, rawHeaders: host, ...part }));
}

const textOf = ({ body }: Reply): string => Buffer.from(body as Uint8Array).toString();

describe("dashboardFiles", () => {
  it.each([
    ["/dashboard", "index.html", "text/html; charset=utf-8", "no-cache"],
    ["/dashboard?from=here", "index.html", "text/html; charset=utf-8", "no-cache"],
    ["/dashboard/favicon.svg", "favicon.svg", "image/svg+xml", "no-cache"],
    [
      "/dashboard/assets/page-1a2b3c4d.js",
      "assets/page-1a2b3c4d.js",
      "text/javascript; charset=utf-8",
      "public, max-age=31536000, immutable",
    ],
    ["/dashboard/assets/page-5e6f7a8b.css", "assets/page-5e6f7a8b.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"],
  ])("serves %s without a credential, under its own headers", async (target, file, type, cacheControl) => {
    const reply = await serving()(target);
    expect([reply.status, textOf(reply)]).toEqual([200, built[file]]);
    expect(reply.headers).toEqual({
      "Content-Type": type,
      "Cache-Control": cacheControl,
      "Content-Security-Policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Resource-Policy": "same-origin",
    });
  });

  it("answers HEAD as GET", async () => {
    const get = serving();
    const [whole, head] = [await get("/dashboard"), await get("/dashboard", { method: "HEAD" })];
    expect([head.status, head.headers]).toEqual([200, whole.headers]);
  });

  it.each([
    ["GET", "/"],
    ["HEAD", "/"],
    ["GET", "/dashboard/"],
    ["GET", "/dashboard/index.html"],
  ])("leads %s %s there, whatever path it is mounted below", async (method, target) => {
    const { status, headers } = await serving()(target, { method });
    expect([status, headers["Cache-Control"]]).toEqual([302, "no-store"]);
    for (const prefix of ["", "/agents"]) {
      const { pathname } = new URL(headers["Location"] ?? "", `http://127.0.0.1${prefix}${target}`);
      expect(pathname).toBe(`${prefix}/dashboard`);
    }
  });

  it.each([
    "/dashboard/secret.html",
    "/dashboard/linked.html",
    "/dashboard/above/secret.html",
    "/dashboard/above/dashboard/index.html",
    "/dashboard/assets",
    "/dashboard/assets/",
    "/dashboard/assets/page-1a2b3c4d.js.map",
    "/dashboard/assets/.hidden",
    "/dashboard/notes.txt",
    "/dashboard//index.html",
    "/dashboard/index.html/",
    "/dashboard/INDEX.HTML",
    "/dashboard/%69ndex.html",
    "/dashboard/index.html%20",
    "/dashboard/index.html;x",
    "/dashboard/...",
    "/dashboard/..;/secret.html",
    "/dashboard/~root",
    "/dashboard/C:/secret.html",
    "/dashboard/constructor",
    "/dashboard/__proto__",
  ])("has nothing at %s", async (target) => {
    const reply = await serving()(target);
    expect([reply.status, documentOf(reply)["code"]]).toEqual([404, "not_found"]);
    expect(reply.headers["Content-Security-Policy"]).toBe("default-src 'none'; frame-ancestors 'none'");
  });

  it.each([
    "/dashboard/../secret.html",
    "/dashboard/./index.html",
    "/dashboard/assets/../index.html",
    "/dashboard/%2e%2e/secret.html",
    "/dashboard/%2E./secret.html",
    "/dashboard/..%2fsecret.html",
    "/dashboard/..%5csecret.html",
    "/dashboard/..\\secret.html",
    "/dashboard/%00",
    "/dashboard/%",
    "/dashboard/\u00e9",
    "//dashboard",
    "http://127.0.0.1:7433/dashboard",
    "dashboard",
  ])("is not even asked for %s", async (target) => {
    const reply = await serving()(target);
    expect([reply.status, documentOf(reply)["code"]]).toEqual([400, "invalid_target"]);
  });

  it.each([
    ["another host", ["Host", "evil.example:7433"], 421],
    ["no host", [], 421],
    ["another origin", [...host, "Origin", "http://evil.example"], 403],
    ["the origin null", [...host, "Origin", "null"], 403],
    ["a page of another site", [...host, "Sec-Fetch-Site", "cross-site"], 403],
    ["a wrong credential", [...host, "Authorization", "Bearer wrong"], 401],
  ])("serves nothing to %s", async (_, rawHeaders, status) => {
    for (const target of ["/dashboard", "/dashboard/assets/page-1a2b3c4d.js", "/"]) {
      const get = serving();
      expect((await get(target, { rawHeaders })).status).toBe(status);
      expect((await get(target, { rawHeaders, method: "HEAD" })).status).toBe(status);
    }
  });

  it.each([
    ["its own origin", ["Origin", "http://127.0.0.1:7433", "Sec-Fetch-Site", "same-origin"]],
    ["an address that was typed", ["Sec-Fetch-Site", "none"]],
  ])("serves a browser that comes from %s", async (_, headers) => {
    expect((await serving()("/dashboard", { rawHeaders: [...host, ...headers] })).status).toBe(200);
  });

  it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])("takes no %s", async (method) => {
    const reply = await serving()("/dashboard", { method });
    expect([reply.status, reply.headers["Allow"]]).toEqual([405, "GET, HEAD"]);
  });

  it("leaves the operations below it as they are", async () => {
    const send = serving();
    const headers = [...host, "Content-Type", "application/json"];
    expect((await send("/dashboard/session", { method: "POST", rawHeaders: headers })).body).toBe('{"done":"dashboard.session"}');
    const reply = await send("/dashboard/session");
    expect([reply.status, reply.headers["Allow"]]).toEqual([405, "POST"]);
  });

  it("opens nothing else", async () => {
    const send = serving();
    for (const target of ["/dashboards", "/dashboar", "/Dashboard", "/nowhere", "/runs", "/%64ashboard"]) {
      expect(documentOf(await send(target))).toMatchObject({ code: "auth_required" });
    }
    expect(documentOf(await send("/dashboard", { upgrade: true }))).toMatchObject({ code: "auth_required" });
    expect((await testHandler().handle(call({ target: "/dashboard", rawHeaders: host }))).status).toBe(401);
  });

  it("refuses codings, and closes a connection that still brings a body", async () => {
    const send = serving();
    expect((await send("/dashboard", { rawHeaders: [...host, "Content-Encoding", "gzip"] })).status).toBe(415);
    const reply = await send("/dashboard", { rawHeaders: [...host, "Content-Length", "5"] });
    expect([reply.status, reply.close]).toEqual([200, true]);
  });

  it("says that it was not built, and serves it once it is", async () => {
    const folder = folderOf({ "notes.txt": "no page" });
    for (const place of [join(folder, "missing"), folder]) {
      const reply = await serving(place)("/dashboard");
      expect([reply.status, documentOf(reply)]).toMatchObject([404, { code: "not_found", detail: expect.stringContaining("not built") }]);
    }
    const get = serving(folder);
    expect((await get("/dashboard")).status).toBe(404);
    writeFileSync(join(folder, "index.html"), "now");
    expect(textOf(await get("/dashboard"))).toBe("now");
    writeFileSync(join(folder, "later.html"), "later");
    expect((await get("/dashboard/later.html")).status).toBe(404);
  });

  it("is in the log by its route alone", async () => {
    const lines: unknown[] = [];
    const log = (_level: string, _event: string, data: unknown): void => void lines.push(data);
    const { handle } = testHandler({
      files: dashboardFiles(whole),
      host: { ...systemHost, log },
    });
    await handle(call({ target: "/dashboard?code=abc", rawHeaders: host, door: tcpDoor }));
    expect(lines).toMatchObject([{ route: "/dashboard/*", status: 200 }]);
    expect(JSON.stringify(lines)).not.toContain("abc");
  });
});
