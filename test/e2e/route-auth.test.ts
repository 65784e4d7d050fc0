import { connect as connectSocket } from "node:net";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDaemon, type RunningDaemon } from "../../adapters/daemon/index.js";
import { localCaller, type Scope } from "../../lib/caller.js";
import { operations } from "../../lib/contract/index.js";
import type { Operation } from "../../lib/contract/operation.js";

const rootToken = "configured-token-of-the-test";
const others: Record<Scope, Scope[]> = {
  read: ["approve"],
  control: ["read", "approve"],
  approve: ["read", "control"],
  admin: ["read", "control", "approve"],
};

type Credential = "none" | "wrong" | "wrong scope" | "right";
type Door = "tcp" | "unix";

/** What a credential must be answered, before a byte of the body is read; `undefined` = it must pass the gate. */
function refusalOf({ scope }: Operation, door: Door, credential: Credential): { status: number; code: string } | undefined {
  if (credential === "wrong") return { status: 401, code: "auth_invalid" };
  if (scope === "none") return undefined;
  // What is for any token is for no owner without one.
  if (credential === "none" && (door === "tcp" || scope === "any")) return { status: 401, code: "auth_required" };
  if (scope === "any") return undefined;
  if (credential === "wrong scope") return { status: 403, code: "scope_required" };
  return undefined;
}

describe("every operation of the contract", () => {
  const folder = mkdtempSync(join(tmpdir(), "anode-routes-"));
  const openDaemon = (home: string): Promise<RunningDaemon> =>
    startDaemon({
      env: { PATH: process.env["PATH"] ?? "", ANODE_HOME: home },
      cwd: folder,
      store: "memory",
      dashboard: join(folder, "pages"),
    });
  const home = join(folder, "guarded");
  let daemon: RunningDaemon;
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    mkdirSync(home, { mode: 0o700 });
    mkdirSync(join(folder, "pages"));
    writeFileSync(join(folder, "pages/index.html"), "<!doctype html>");
    writeFileSync(
      join(home, "config.json"),
      JSON.stringify({ daemon: { auth_token: rootToken, limits: { failedCredentials: 100_000 } } }),
      { mode: 0o600 },
    );
    daemon = await openDaemon(home);
    for (const [scope, scopes] of Object.entries(others))
      tokens.set(scope, (await daemon.tokens.create({ label: `all but ${scope}`, scopes }, localCaller)).token);
  });
  afterAll(async () => {
    await daemon.close();
    rmSync(folder, { recursive: true });
  });

  function credentialOf({ scope }: Operation, credential: Credential): string | undefined {
    if (credential === "none") return undefined;
    if (credential === "wrong") return "anode_wrong";
    return credential === "right" || scope === "none" || scope === "any" ? rootToken : tokens.get(scope);
  }

  /** Sends the head of a request whose body never comes, and reads the head of the answer. */
  async function answerToHead(
    operation: Operation,
    door: Door,
    credential: Credential,
  ): Promise<{ status: number; code: string | undefined }> {
    const url = new URL(daemon.addresses.find((address) => address.startsWith("http")) ?? "");
    const socket = door === "unix" ? connectSocket(join(home, "daemon.sock")) : connectSocket(Number(url.port), url.hostname);
    const token = credentialOf(operation, credential);
    const path = operation.path.replaceAll(/\{\w+\}/g, "R-1760000000000000000_1");
    const type = operation.body === "multipart" ? "multipart/form-data; boundary=x" : "application/json";
    const body = operation.body === "none" ? [] : [`Content-Type: ${type}`, "Content-Length: 100000"];
    const head = [
      `${operation.method} ${path} HTTP/1.1`,
      `Host: ${url.host}`,
      ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
      ...body,
      "",
      "",
    ];
    socket.write(head.join("\r\n"));
    let text = "";
    socket.setEncoding("utf8");
    try {
      for await (const part of socket) {
        text += String(part);
        const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN);
        const start = text.indexOf("\r\n\r\n") + 4;
        if (start > 3 && (Number.isNaN(length) || text.length - start >= length)) break;
      }
    } finally {
      socket.destroy();
    }
    return { status: Number(text.slice(9, 12)), code: /"code":"(\w+)","request_id"/.exec(text)?.[1] };
  }

  async function records(): Promise<unknown> {
    const { manager } = daemon;
    const counts = [
      ["runs", "status"],
      ["tokens", "label"],
      ["attachments", "id"],
    ] as const;
    return [await Promise.all(counts.map(([collection, field]) => manager.store.count(collection, field))), (await manager.stats()).active];
  }

  const doors: readonly Door[] = ["tcp", "unix"];
  const credentials: readonly Credential[] = ["none", "wrong", "wrong scope", "right"];
  const cases = operations.flatMap((operation) =>
    doors.flatMap((door) =>
      credentials.map((credential) => ({
        operation,
        door,
        credential,
        title: `${operation.name} over ${door} with credential: ${credential}`,
      })),
    ),
  );

  it("is in the table of these cases", () => {
    expect(new Set(cases.map((entry) => entry.operation.name)).size).toBe(operations.length);
    expect(cases).toHaveLength(operations.length * 8);
  });

  it("needs a credential, but for these", () => {
    const open = operations.filter(({ scope }) => scope === "none").map(({ method, path }) => `${method} ${path}`);
    expect(open.toSorted()).toEqual(["GET /health", "POST /auth/refresh", "POST /dashboard/session"]);
    // For whoever is known, whatever the scopes.
    expect(operations.filter(({ scope }) => scope === "any").map(({ path }) => path)).toEqual(["/auth/logout"]);
  });

  it.each(doors)("is beside the dashboard's files, which are open over %s to all but a wrong credential", async (door) => {
    const files = { ...(operations.find((row) => row.name === "health") as Operation), path: "/dashboard" };
    expect(await answerToHead(files, door, "none")).toEqual({ status: 200, code: undefined });
    expect(await answerToHead(files, door, "right")).toEqual({ status: 200, code: undefined });
    expect(await answerToHead(files, door, "wrong")).toEqual({ status: 401, code: "auth_invalid" });
  });

  it.each(cases.filter((entry) => refusalOf(entry.operation, entry.door, entry.credential)))(
    "$title is refused before its body, and changes nothing",
    async ({ operation, door, credential }) => {
      const before = await records();
      expect(await answerToHead(operation, door, credential)).toEqual(refusalOf(operation, door, credential));
      expect(await records()).toEqual(before);
    },
  );

  it.each(cases.filter((entry) => entry.operation.body === "none" && !refusalOf(entry.operation, entry.door, entry.credential)))(
    "$title passes the gate",
    async ({ operation, door, credential }) => {
      const { status, code } = await answerToHead(operation, door, credential);
      expect([401, 403, 421]).not.toContain(status);
      if (status >= 400) expect([...operation.codes, "invalid_request", "invalid_cursor"]).toContain(code);
    },
  );

  it("would be found open: these checks fail for a daemon that lets everybody in", async () => {
    const list = operations.find((operation) => operation.name === "runs.list") as Operation;
    const open = await openDaemon(join(folder, "open"));
    const guarded = daemon;
    daemon = open;
    try {
      // Without a configured token the owner's own processes need none: the very row that must be refused above is answered.
      expect(await answerToHead(list, "tcp", "none")).not.toEqual(refusalOf(list, "tcp", "none"));
    } finally {
      daemon = guarded;
      await open.close();
    }
  });
});
