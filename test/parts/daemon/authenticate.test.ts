import { describe, expect, it } from "vitest";
import { type AuthenticateOptions, createAuthentication } from "../../../adapters/daemon/authenticate.js";
import { openRootToken, type RootToken } from "../../../adapters/daemon/token-file.js";
import type { Call, Handle } from "../../../adapters/http/index.js";
import { allScopes, type Caller, localCaller } from "../../../lib/caller.js";
import { createMemoryStore } from "../../../lib/store/memory-store.js";
import { systemHost } from "../../../lib/system-host.js";
import { Tokens } from "../../../lib/tokens/tokens.js";
import { temporaryHome } from "./fixtures.js";

interface Setup {
  readonly configured?: string;
  readonly isOwner?: boolean;
  readonly proves?: boolean;
  readonly approveRequiresToken?: boolean;
}

function setUp({ configured, isOwner = true, proves = true, approveRequiresToken = false }: Setup = {}) {
  const root: RootToken = openRootToken({ path: temporaryHome().home.token, host: systemHost, configured });
  const tokens = new Tokens(createMemoryStore(), systemHost);
  const peerSocket: AuthenticateOptions["peerSocket"] = { isOwner: async () => isOwner, prove: async () => proves };
  return { root, tokens, ...createAuthentication({ root, tokens, peerSocket, approveRequiresToken }) };
}

function call(kind: "tcp" | "unix", headers: readonly string[] = []): Call {
  return {
    method: "GET",
    target: "/",
    httpVersion: "1.1",
    rawHeaders: headers,
    door: { kind, hosts: [], origins: [] },
    signal: new AbortController().signal,
    body: async function* () {},
  };
}

const bearer = (text: string): string[] => ["Authorization", `Bearer ${text}`];
const invalid = (reason: string): object => expect.objectContaining({ code: "auth_invalid", details: { reason } });

describe("createAuthentication", () => {
  it("knows the owner by the Unix socket, with all scopes", async () => {
    expect(await setUp().authenticate(call("unix"))).toEqual({ id: "owner", door: "unix", scopes: allScopes });
  });

  for (const header of ["Forwarded", "Via", "X-Forwarded-For", "x-forwarded-host"]) {
    it(`asks a relay with ${header} on the Unix socket for a token`, async () => {
      const { authenticate, root } = setUp();
      expect(await authenticate(call("unix", [header, "x"]))).toBeUndefined();
      expect(await authenticate(call("unix", [header, "x", ...bearer(root.secrets()[0] ?? "")]))).toMatchObject({ id: "token:root" });
    });
  }

  it("knows the owner over TCP by the kernel's word, to be proven again for each power", async () => {
    const caller = (await setUp({ proves: false }).authenticate(call("tcp"))) as Caller;
    expect([caller.id, caller.door, await caller.prove?.()]).toEqual(["owner", "tcp", false]);
    expect(await setUp({ isOwner: false }).authenticate(call("tcp"))).toBeUndefined();
  });

  it("knows nobody over TCP without a token where one is configured, and the owner on the socket all the same", async () => {
    const { authenticate } = setUp({ configured: "operator's-own" });
    expect(await authenticate(call("tcp"))).toBeUndefined();
    expect(await authenticate(call("unix"))).toMatchObject({ id: "owner" });
  });

  for (const door of ["tcp", "unix"] as const) {
    it(`judges a presented token over ${door}`, async () => {
      const { authenticate, root } = setUp();
      expect(await authenticate(call(door, bearer(root.secrets()[0] ?? "")))).toEqual({ id: "token:root", door, scopes: allScopes });
      await expect(authenticate(call(door, bearer("wrong")))).rejects.toEqual(invalid("unknown"));
    });
    for (const headers of [
      ["Authorization", "Bearer"],
      ["Authorization", "Bearer "],
      ["Authorization", ""],
      ["Authorization", "Basic b3duZXI6"],
      ["Authorization", "Bearer a b"],
      [...bearer("a"), ...bearer("b")],
    ]) {
      it(`refuses ${JSON.stringify(headers)} over ${door}`, async () => {
        await expect(setUp().authenticate(call(door, headers))).rejects.toEqual(invalid("unknown"));
      });
    }
  }

  it("never lets an empty configured token match", async () => {
    const { authenticate } = setUp({ configured: "" });
    await expect(authenticate(call("tcp", ["Authorization", "Bearer "]))).rejects.toEqual(invalid("unknown"));
  });

  it("knows a derived token's caller and run by its record", async () => {
    const { authenticate, tokens } = setUp();
    const token = await tokens.createForRun("R-1", "anode_at_7_");
    expect(await authenticate(call("tcp", bearer(token)))).toEqual({
      id: expect.stringMatching(/^token:T-/),
      door: "tcp",
      scopes: ["read", "control"],
      run_id: "R-1",
    });
    await tokens.endRun("R-1");
    await expect(authenticate(call("tcp", bearer(token)))).rejects.toEqual(invalid("unknown"));
    tokens.close();
  });

  it("takes the powers of approval from every call without a token when told to", async () => {
    const { authenticate, root } = setUp({ approveRequiresToken: true });
    for (const door of ["tcp", "unix"] as const) {
      expect(((await authenticate(call(door))) as Caller).scopes).toEqual(["read", "control"]);
      expect(((await authenticate(call(door, bearer(root.secrets()[0] ?? "")))) as Caller).scopes).toEqual(allScopes);
    }
  });

  it("ends a call when the token behind it ends, and only that one", async () => {
    const { authenticate, bound, tokens } = setUp();
    const { id, token } = await tokens.create({ label: "x", scopes: ["read"] }, localCaller);
    const seen: AbortSignal[] = [];
    const handle: Handle = async (received) => {
      await authenticate(received);
      seen.push(received.signal);
      return { status: 200, headers: {} };
    };
    await bound(handle)(call("tcp", bearer(token)));
    await bound(handle)(call("tcp"));
    await tokens.revoke(id);
    expect(seen.map((signal) => signal.aborted)).toEqual([true, false]);
    tokens.close();
  });
});
