import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCommandLine } from "../../adapters/cli/command-line.js";
import { run as dashboard } from "../../adapters/cli/commands/dashboard.js";
import { type Client, connect } from "../../adapters/client/index.js";
import type { DaemonOptions, RunningDaemon } from "../../adapters/daemon/index.js";
import { allScopes } from "../../lib/caller.js";
import { isAnodeError } from "../../lib/errors.js";
import { scriptedExecutor } from "../../lib/testing/scripted-executor.js";
import { call, daemonHere, daemonPlace, eventually } from "../support/daemon.js";
import { newUser, programPath, says, type User } from "../support/program.js";
import { terminal } from "../support/terminal.js";

const authToken = "configured-token-of-the-operator";
type Place = ReturnType<typeof daemonPlace>;

const urlOf = ({ addresses }: RunningDaemon): string => addresses.find((address) => address.startsWith("http")) ?? "";

/** A daemon whose TCP door takes nobody without a token. */
async function guarded(place: Place, options: DaemonOptions = {}): Promise<RunningDaemon> {
  mkdirSync(place.home.path, { mode: 0o700, recursive: true });
  writeFileSync(place.home.config, JSON.stringify({ daemon: { auth_token: authToken } }), { mode: 0o600 });
  return daemonHere(place, {
    executors: { hang: scriptedExecutor([{ hang: true }]) },
    profiles: { craft: { executor: "hang" } },
    ...options,
  });
}

async function codeOf(place: Place, body: object = {}): Promise<string> {
  return (await call(place.home.socket, "/auth/codes", { body })).json.code;
}

describe("logging in to the dashboard", () => {
  it("takes a code that was made over the socket, once, and gives a token that does what its scopes say", async () => {
    const place = daemonPlace();
    const url = urlOf(await guarded(place));
    const made = await call(place.home.socket, "/auth/codes", { body: {} });
    expect(made.json).toEqual({ code: expect.any(String), url: `${url}/dashboard#code=${made.json.code}`, expires_at: expect.any(String) });
    expect((await call(url, "/auth/codes", { body: {} })).json.code).toBe("auth_required");

    const page = { headers: { Origin: url, "Sec-Fetch-Site": "same-origin" } };
    const session = await call(url, "/dashboard/session", { body: { code: made.json.code }, ...page });
    expect([session.status, Object.keys(session.json), session.json.scopes]).toEqual([200, ["token", "scopes", "expires_at"], allScopes]);
    const again = await call(url, "/dashboard/session", { body: { code: made.json.code }, ...page });
    expect([again.status, again.json.code, again.json.reason]).toEqual([401, "auth_invalid", "unknown"]);
    const { token } = session.json;
    expect((await call(url, "/auth/self", { token, ...page })).json).toMatchObject({
      kind: "token",
      label: "dashboard",
      scopes: allScopes,
    });

    const reader = await call(url, "/dashboard/session", { body: { code: await codeOf(place, { scopes: ["read"] }) } });
    expect((await call(url, "/auth/codes", { body: {}, token: reader.json.token })).json).toMatchObject({ code: "scope_required" });
    const foreign = { headers: { Origin: "http://evil.example" } };
    const stolen = await call(url, "/dashboard/session", { body: { code: await codeOf(place) }, ...foreign });
    expect(stolen.json.code).toBe("origin_not_allowed");
  });

  it("counts wrong codes as failed credentials, and lets a right one pass all the same", async () => {
    const place = daemonPlace();
    const url = urlOf(await guarded(place));
    const code = await codeOf(place);
    const statuses: number[] = [];
    for (let count = 0; count < 21; count += 1) {
      statuses.push((await call(url, "/dashboard/session", { body: { code: `wrong-${count}` } })).status);
    }
    expect(statuses).toEqual([...Array(20).fill(401), 429]);
    expect((await call(url, "/auth/refresh", { body: { refresh_token: "wrong" } })).json.code).toBe("too_many_failures");
    expect((await call(url, "/dashboard/session", { body: { code } })).status).toBe(200);
  });

  it("ends with logging out, which ends its streams with a comment", async () => {
    const place = daemonPlace();
    const daemon = await guarded(place);
    const url = urlOf(daemon);
    const { token } = (await call(url, "/dashboard/session", { body: { code: await codeOf(place) } })).json;
    const stream = call(url, "/events/stream", { token, headers: { Accept: "text/event-stream" } });
    await eventually(async () => (await daemon.manager.stats()).readers > 0);
    const asked = Date.now();
    const out = await call(url, "/auth/logout", { method: "POST", token });
    expect([out.status, out.json.label, typeof out.json.revoked_at]).toEqual([200, "dashboard", "string"]);
    expect((await stream).text).toMatch(/\n\n: the token has ended\n\n$/);
    expect(Date.now() - asked).toBeLessThan(1_000);
    expect((await call(url, "/auth/logout", { method: "POST", token })).json).toMatchObject({ code: "auth_invalid", reason: "revoked" });
    expect((await call(url, "/auth/logout", { method: "POST", token: authToken })).json.code).toBe("invalid_state");
    expect((await call(place.home.socket, "/auth/logout", { method: "POST" })).json.code).toBe("auth_required");
  });

  it("is for the owner's own page: no code comes from inside a run, nor from a daemon that no browser reaches", async () => {
    const place = daemonPlace();
    await guarded(place, { noTcp: true });
    const inside = await call(place.home.socket, "/auth/codes", { body: {}, headers: { "Anode-Run": "R-1" } });
    expect(inside.json).toMatchObject({ code: "scope_required", scope: "admin" });
    expect((await call(place.home.socket, "/auth/codes", { body: {} })).json).toMatchObject({
      code: "not_supported",
      ability: "tcp",
      hint: expect.stringContaining("--no-tcp"),
    });
  });
});

describe("a refresh token", () => {
  it("outlives a restart of the daemon, and so does the end of its family", async () => {
    const place = daemonPlace();
    const first = await guarded(place);
    const body = { label: "ci", scopes: ["read"], refresh: true };
    const pair = (await call(place.home.socket, "/auth/tokens", { body })).json;
    const then = (await call(urlOf(first), "/auth/refresh", { body: { refresh_token: pair.refresh_token } })).json;
    await first.close();

    const second = await guarded(place);
    expect((await call(urlOf(second), "/auth/self", { token: then.token })).json).toMatchObject({ id: pair.id, scopes: ["read"] });
    const third = (await call(urlOf(second), "/auth/refresh", { body: { refresh_token: then.refresh_token } })).json;
    // Two exchanges ago: that is no lost answer.
    const reused = await call(urlOf(second), "/auth/refresh", { body: { refresh_token: pair.refresh_token } });
    expect([reused.status, reused.json.reason, reused.headers["www-authenticate"]]).toEqual([401, "reused", "Bearer"]);
    await second.close();

    const url = urlOf(await guarded(place));
    expect((await call(url, "/auth/self", { token: third.token })).json).toMatchObject({ code: "auth_invalid", reason: "revoked" });
  });

  it("keeps a client going: its answer is the token that the client renews", async () => {
    const place = daemonPlace();
    const url = urlOf(await guarded(place));
    const socket = await connect({ socketPath: place.home.socket, env: {} });
    const open = await connect({ url, env: {} });
    let pair = await socket.tokens.create({ label: "ci", scopes: ["read"], refresh: true });
    const client = await connect({
      url,
      env: {},
      token: async () => (pair = await open.auth.refresh({ refresh_token: pair.refresh_token as string })),
    });
    try {
      const answers = await Promise.all(Array.from({ length: 20 }, () => client.auth.self()));
      expect(new Set(answers.map(({ id }) => id))).toEqual(new Set([pair.id]));
      await client.auth.logout();
      const refused = await client.auth.self().catch((error: unknown) => error);
      expect(isAnodeError(refused) && [refused.code, refused.details?.["reason"]]).toEqual(["auth_invalid", "revoked"]);
    } finally {
      await Promise.all([socket, open, client].map((each: Client) => each.close()));
    }
  });
});

describe("anode dashboard", () => {
  /** A user whose daemon demands a token over TCP. */
  async function userWithDaemon(...flags: string[]): Promise<User> {
    const user = newUser();
    mkdirSync(user.home, { recursive: true, mode: 0o700 });
    writeFileSync(join(user.home, "config.json"), JSON.stringify({ daemon: { auth_token: authToken } }), { mode: 0o600 });
    await says(user.start("daemon", ...flags), flags.includes("--no-tcp") ? "listening on unix:" : "listening on http:");
    return user;
  }

  it("--print prints an address whose code curl exchanges once", async () => {
    const user = await userWithDaemon();
    const { code, out, err } = await user.anode("dashboard", "--print");
    expect([code, out, err]).toEqual([
      0,
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/dashboard#code=[\w-]{22}\n$/),
      expect.any(String),
    ]);
    expect(out + err).not.toContain(authToken);
    const [origin = "", login = ""] = out.trim().split("/dashboard#code=");
    const exchange = (): ReturnType<User["run"]> =>
      user.run("curl", "-sS", "-H", "Content-Type: application/json", "-d", JSON.stringify({ code: login }), `${origin}/dashboard/session`);
    const { token, scopes } = JSON.parse((await exchange()).out);
    expect(scopes).toEqual(allScopes);
    expect(JSON.parse((await exchange()).out)).toMatchObject({ status: 401, code: "auth_invalid" });
    expect(JSON.parse((await user.run("curl", "-sS", `${origin}/auth/self`)).out)).toMatchObject({ code: "auth_required" });
    const self = await user.run("curl", "-sS", "-H", `Authorization: Bearer ${token}`, `${origin}/auth/self`);
    expect(JSON.parse(self.out)).toMatchObject({ label: "dashboard" });
    expect(readFileSync(join(user.home, "daemon.log"), "utf8")).not.toContain(login);
    // The program finds the pages beside itself, if they were built.
    const built = existsSync(join(dirname(programPath), "../dashboard/index.html"));
    const served = await user.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{content_type}", `${origin}/dashboard`);
    expect(served.out).toBe(built ? "200 text/html; charset=utf-8" : "404 application/problem+json");
    // Without a terminal there is nothing to open.
    expect((await user.anode("dashboard")).out).toMatch(/#code=/);
  });

  it("names the next step where no browser gets in", async () => {
    const user = await userWithDaemon("--no-tcp");
    const { code, out, err } = await user.anode("dashboard", "--print");
    expect([code, out, err]).toEqual([1, "", expect.stringContaining("--addr 127.0.0.1:7433")]);
    const nobody = newUser();
    expect(await nobody.anode("dashboard")).toMatchObject({ code: 3, out: "", err: expect.stringContaining("anode daemon") });
  });

  /** What the command does at a terminal whose user has this `xdg-open`. */
  async function atTerminal(
    place: Place,
    opener?: string,
  ): Promise<{ code: number; stdout: string; stderr: string; opened: string | undefined }> {
    const [bin, seen] = [join(place.cwd, "bin"), join(place.cwd, "opened")];
    mkdirSync(bin, { recursive: true });
    if (opener !== undefined) {
      writeFileSync(join(bin, "xdg-open"), `#!/bin/sh\nprintf %s "$1" > ${seen}\n${opener}\n`);
      chmodSync(join(bin, "xdg-open"), 0o755);
    }
    const { context, written } = terminal();
    const env = { ...place.env, DISPLAY: ":0", PATH: bin };
    const code = await dashboard(readCommandLine(["dashboard"]), { ...context, env });
    return { code, ...written, opened: existsSync(seen) ? readFileSync(seen, "utf8") : undefined };
  }

  it.runIf(process.platform === "linux")("opens the browser at a terminal, and prints the address where that fails", async () => {
    const place = daemonPlace();
    const page = `${urlOf(await guarded(place))}/dashboard`;
    const none = await atTerminal(place);
    expect([none.code, none.stdout.startsWith(`${page}#code=`), none.opened]).toEqual([0, true, undefined]);
    const opened = await atTerminal(place, "exit 0");
    expect([opened.code, opened.stdout, opened.opened?.startsWith(`${page}#code=`)]).toEqual([0, "", true]);
    expect([opened.stderr.includes(page), opened.stderr.includes("#code=")]).toEqual([true, false]);
    const failed = await atTerminal(place, "exit 3");
    expect([failed.code, failed.stdout]).toEqual([0, `${failed.opened}\n`]);
  });
});
