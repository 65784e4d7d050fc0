import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StreamEvent } from "../../lib/events/event.js";
import { call, eventually } from "../support/daemon.js";
import { type Daemon, newPlace, startProgram } from "./support/store-daemon.js";

const place = newPlace();
const { socket } = place.home;
let daemon: Daemon;
let port = 0;

beforeAll(async () => {
  daemon = startProgram(place, { flags: ["--log-level", "debug"] });
  expect(await daemon.listensAfterMs, daemon.said()).toBeGreaterThan(0);
  port = await eventually(() => Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(daemon.said())?.[1]) || undefined);
});
afterAll(async () => {
  await daemon.kill();
  place.remove();
});

/** All files below a folder, but for those of that name. */
function filesBelow(folder: string, but: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && !but.includes(path));
}

const formsOf = (secret: string): string[] => [
  secret,
  ...["base64", "base64url"].map((form) =>
    Buffer.from(secret)
      .toString(form as BufferEncoding)
      .replace(/=+$/, ""),
  ),
  encodeURIComponent(secret),
];

/** Where a secret is to be found, in any of its forms. */
function hits(secret: string, texts: Readonly<Record<string, string>>): string[] {
  return Object.entries(texts)
    .filter(([, text]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name);
}

describe("a secret of a run's environment", () => {
  it("is told by none of its outputs, wherever it is cut, and is not in the store or the log", async () => {
    const secret = 'p4ss/w+rd=&%\\"x9';
    const script = `
      const secret = process.env.MY_TOKEN;
      const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      for (const form of [secret, JSON.stringify({ a: secret }), Buffer.from(secret).toString("base64"), encodeURIComponent(secret)]) {
        for (let cut = 1; cut < form.length; cut += 1) {
          for (const out of [process.stdout, process.stderr]) out.write(form.slice(0, cut));
          await later(60);
          for (const out of [process.stdout, process.stderr]) out.write(form.slice(cut) + "\\n");
        }
      }`;
    const argv = [process.execPath, "--input-type=module", "-e", script];
    const { json: started } = await call(socket, "/runs", { body: { argv, env: { MY_TOKEN: secret } } });
    const id = started.run_id as string;
    await eventually(async () => (await call(socket, `/runs/${id}/wait?timeout_ms=30000`)).json.ended_at !== undefined);
    const { text: events } = await call(socket, `/runs/${id}/events?follow=false`, { headers: { Accept: "text/event-stream" } });
    const told = [...events.matchAll(/^data: (.*)$/gm)].map(([, line]) => JSON.parse(line ?? ""));
    for (const stream of ["stdout", "stderr"]) {
      const said = told
        .filter(({ type, payload }) => type === "process.output" && payload.stream === stream)
        .map(({ payload }) => payload.text);
      expect(hits(secret, { [stream]: said.join("") })).toEqual([]);
      const cuts = [secret, JSON.stringify({ a: secret }), Buffer.from(secret).toString("base64"), encodeURIComponent(secret)];
      const expected = cuts.reduce((sum, { length }) => sum + length - 1, 0);
      expect(said.join("").split("[redacted:MY_TOKEN]").length - 1).toBe(expected);
    }
    const { text: record } = await call(socket, `/runs/${id}`);
    const files = Object.fromEntries(filesBelow(place.home.path, []).map((path) => [path, readFileSync(path, "latin1")]));
    expect(hits(secret, { events, record, ...files })).toEqual([]);
  }, 60_000);
});

describe("the daemon's own tokens", () => {
  it("are nowhere but in their file: no log, event, error, page, status, argument or environment of a child has them", async () => {
    const token = readFileSync(place.home.token, "utf8").trim();
    const derived = (await call(socket, "/auth/tokens", { body: { label: "x", scopes: ["read", "control"] } })).json.token as string;
    for (const secret of [token, derived]) {
      const texts: Record<string, string> = {};
      const keep = async (name: string, path: string, options: Parameters<typeof call>[2] = {}): Promise<void> => {
        texts[name] = (await call(socket, path, options)).text;
      };
      const argv = ["sh", "-c", `echo ${secret}; echo ${secret} >&2; sleep 0.2; exit 3`];
      const body = { argv, label: secret.slice(0, 64), metadata: { note: secret }, labels: { a: "b" }, env: { HINT: secret } };
      await keep("start", "/runs", { body });
      await keep("start with a wrong body", "/runs", { body: { ...body, [secret]: 1, kind: secret } });
      await keep("no JSON", "/runs", { body: `{"argv": ${secret}` as unknown as object });
      await keep("in the URL", `/runs?token=${secret}`);
      await keep("as an id", `/runs/${secret}`);
      await keep("as a cursor", `/runs/R-1/events?cursor=${secret}`);
      await keep("as a credential that is no more", "/runs", { headers: { Authorization: `Bearer ${secret}x` } });
      await keep("as headers", "/runs", { headers: { "X-Request-Id": secret, "Last-Event-ID": secret, Accept: secret } });
      const over = await fetch(`http://127.0.0.1:${port}/runs`, { headers: { Authorization: `Bearer ${secret}` } });
      expect(over.status).toBe(200);
      texts["runs"] = await over.text();
      const { run_id } = JSON.parse(texts["start"] ?? "{}") as { run_id: string };
      await call(socket, `/runs/${run_id}/wait?timeout_ms=5000`);
      for (const path of [
        `/runs/${run_id}`,
        `/runs/${run_id}/events?follow=false`,
        "/events?limit=200",
        "/status",
        "/health",
        "/tokens",
        "/openapi.json",
        "/",
      ])
        await keep(path, path);
      texts["said"] = daemon.said();
      for (const path of filesBelow(place.home.path, [place.home.token])) texts[path] = readFileSync(path, "latin1");
      expect(hits(secret, texts)).toEqual([]);
    }
    const { json } = await call(socket, "/runs", { body: { argv: ["sleep", "5"] } });
    const { pid } = await eventually(async () => {
      const page = await call(socket, `/runs/${json.run_id}/events?follow=false`, { headers: { Accept: "application/json" } });
      return (page.json.events as StreamEvent[]).find(({ type }) => type === "process.started")?.payload as { pid: number } | undefined;
    });
    expect(
      hits(token, { environ: readFileSync(`/proc/${pid}/environ`, "latin1"), own: readFileSync(`/proc/${daemon.pid}/cmdline`, "latin1") }),
    ).toEqual([]);
    await call(socket, `/runs/${json.run_id}`, { method: "DELETE" });
  }, 60_000);
});

describe("hostile fields of a request", () => {
  it("make no line of the log but the one of their request, which is JSON", async () => {
    const hostile = '\n{"level":"error","event":"forged"}\r\n\u0085\u2028\u001b[2J';
    const lines = (): string[] => readFileSync(place.home.log, "utf8").split("\n").filter(Boolean);
    const before = lines().length;
    const raw = { path: encodeURIComponent(hostile), text: hostile };
    await call(socket, `/runs/${raw.path}`);
    await call(socket, `/runs?parent_id=${raw.path}`);
    await call(socket, `/${raw.path}`);
    for (const field of ["label", "prompt", "profile", "cwd", "agent", "template", "model"])
      await call(socket, "/runs", { body: { argv: ["true"], [field]: raw.text } });
    const grown = lines().slice(before);
    expect(grown.length).toBeGreaterThan(0);
    for (const line of grown) expect(JSON.parse(line)).not.toMatchObject({ event: "forged" });
    expect(readFileSync(place.home.log, "utf8")).not.toMatch(/[\u0085\u2028\u001b\r]/);
  });
});
