import { describe, expect, it } from "vitest";
import type { Call, Reply } from "../../../adapters/http/call.js";
import { createHandler } from "../../../adapters/http/mount.js";
import { Attachments } from "../../../lib/attachments/attachments.js";
import { createMemoryBlobs } from "../../../lib/attachments/memory-blobs.js";
import type { Caller } from "../../../lib/caller.js";
import { openManager, untilAborted } from "../../support/manager.js";
import { call, documentOf, watchedBody } from "./fixtures.js";

const limit = 25 * 1024 * 1024;
const form = ["Content-Type", "multipart/form-data; boundary=x"];

/** The contract with attachments for a caller of these scopes. */
async function handlerFor(scopes: Caller["scopes"]): Promise<(given: Call) => Promise<Reply>> {
  const manager = await openManager(untilAborted);
  const { journal, store, host, limits } = manager;
  const attachments = new Attachments({ journal, store, host, limits, blobs: createMemoryBlobs() });
  return createHandler({ manager, attachments, hosts: [], authenticate: () => ({ id: "c", door: "tcp", scopes }) });
}

describe("a body that is a file", () => {
  it.each<[string, Partial<Call> & { headers?: readonly string[] }, string]>([
    [
      "is over the limit by what was declared",
      { target: "/attachments/raw", headers: ["Content-Length", String(limit + 1)] },
      "attachment_too_large",
    ],
    [
      "is a form over the limit",
      { target: "/attachments", headers: [...form, "Content-Length", String(limit + 5_000)] },
      "attachment_too_large",
    ],
    ["is no form", { target: "/attachments", headers: ["Content-Type", "application/json"] }, "unsupported_media_type"],
    [
      "is a form without a boundary",
      { target: "/attachments", headers: ["Content-Type", "multipart/form-data"] },
      "unsupported_media_type",
    ],
    [
      "is a form with two boundaries",
      { target: "/attachments", headers: ["Content-Type", `${form[1]}; boundary=y`] },
      "unsupported_media_type",
    ],
    ["is a form with two types", { target: "/attachments", headers: [...form, ...form] }, "unsupported_media_type"],
    ["is of two types", { target: "/attachments/raw", headers: ["Content-Type", "a/b", "Content-Type", "c/d"] }, "unsupported_media_type"],
    ["is coded", { target: "/attachments/raw", headers: ["Content-Encoding", "gzip"] }, "unsupported_media_type"],
    ["comes from a foreign page", { target: "/attachments/raw", headers: ["Origin", "https://evil.example"] }, "origin_not_allowed"],
    ["has a name that is too long", { target: `/attachments/raw?filename=${"x".repeat(5_000)}` }, "invalid_request"],
    ["has a query that is not known", { target: "/attachments/raw?name=x" }, "invalid_request"],
    ["is sent with a method that the path has not", { method: "PUT", target: "/attachments/raw" }, "method_not_allowed"],
  ])("is refused unread when it %s", async (_, given, code) => {
    const body = watchedBody();
    const handle = await handlerFor(["read", "control"]);
    const reply = await handle(call({ method: "POST", ...given, body: body.body }));
    expect([documentOf(reply)["code"], body.read]).toEqual([code, false]);
  });

  it("is refused unread without the scope, and says which type it wants", async () => {
    const body = watchedBody();
    const handle = await handlerFor(["read"]);
    expect(documentOf(await handle(call({ method: "POST", target: "/attachments/raw", body: body.body })))).toMatchObject({
      code: "scope_required",
    });
    expect(body.read).toBe(false);
    const wrong = await (await handlerFor(["control"]))(
      call({ method: "POST", target: "/attachments", headers: ["Content-Type", "text/plain"] }),
    );
    expect([wrong.status, wrong.headers["Accept"]]).toEqual([415, "multipart/form-data"]);
    expect(documentOf(wrong)).not.toHaveProperty("accept");
  });

  it("is given the time of an upload", async () => {
    const asked: (number | undefined)[] = [];
    const handle = await handlerFor(["control"]);
    const body = (withinMs?: number): AsyncIterable<Uint8Array> => {
      asked.push(withinMs);
      return ReadableStream.from([new Uint8Array(3)]);
    };
    expect((await handle(call({ method: "POST", target: "/attachments/raw", body }))).status).toBe(201);
    expect(asked).toEqual([120_000]);
  });
});
