import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Client, Download } from "../../adapters/client/index.js";
import { isAnodeError } from "../../lib/errors.js";
import { newUser, scriptedDaemon, type User } from "../support/program.js";
import { openSubject, type Subject } from "./subjects.js";
import { verifies, verifiesWith } from "./verifies.js";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const mebibyte = 1024 * 1024;
const largest = 25 * mebibyte;
const png = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), randomBytes(100)]);

async function* streamOf(bytes: Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function bytesOf({ bytes }: Download): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Code and status of a refusal. */
const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "passes",
    (error: unknown) => (isAnodeError(error) ? [error.code, error.status] : String(error)),
  );

const listed = async (client: Client): Promise<string[]> => (await client.attachments.list()).attachments.map(({ id }) => id);

describe("attachments", () => {
  verifies("attachments.bytes", async ({ client }) => {
    const bytes = randomBytes(3 * mebibyte + 17);
    const ref = await client.attachments.upload(streamOf(bytes), { filename: "übung 1.bin", content_type: "Text/Plain" });
    expect(ref).toMatchObject({ filename: "übung 1.bin", size_bytes: bytes.length, content_type: "text/plain", sha256: sha256(bytes) });
    const download = await client.attachments.download({ id: ref.id });
    expect(download).toMatchObject({
      filename: "übung 1.bin",
      size_bytes: bytes.length,
      content_type: "text/plain; charset=utf-8",
      sha256: ref.sha256,
    });
    expect(bytes.equals(await bytesOf(download))).toBe(true);
    const blob = await client.attachments.upload(new Blob([bytes.subarray(0, 100_000), bytes.subarray(100_000)]), { filename: "blob" });
    expect([blob.sha256, blob.size_bytes, blob.filename]).toEqual([ref.sha256, ref.size_bytes, "blob"]);
    const whole = await client.attachments.upload(new Uint8Array(bytes));
    expect(whole).toMatchObject({ filename: "file", sha256: ref.sha256, content_type: "application/octet-stream" });
    const empty = await client.attachments.put(new Blob([]).stream(), { filename: "empty" });
    expect((await bytesOf(await client.attachments.download({ id: empty.id }))).length).toBe(0);
    expect(await listed(client)).toEqual([empty.id, whole.id, blob.id, ref.id]);
    expect(await client.attachments.info({ id: ref.id })).toEqual(ref);
    expect(await client.attachments.remove({ id: ref.id })).toEqual({ removed: true });
    expect(await listed(client)).toEqual([empty.id, whole.id, blob.id]);
  });

  verifies("attachments.refusals", async ({ client, attachments }) => {
    expect((await client.attachments.upload(streamOf(new Uint8Array(largest), mebibyte))).size_bytes).toBe(largest);
    const before = await listed(client);
    const tooLarge = new Uint8Array(largest + 1);
    expect(await refusal(client.attachments.upload(tooLarge))).toEqual(["attachment_too_large", 413]);
    expect(await refusal(client.attachments.upload(streamOf(tooLarge, mebibyte)))).toEqual(["attachment_too_large", 413]);
    expect(await refusal(client.attachments.upload(new Blob([tooLarge])))).toEqual(["attachment_too_large", 413]);
    const none = { id: "att-00000000000000000000000000000000" };
    expect(await refusal(client.attachments.info(none))).toEqual(["attachment_not_found", 404]);
    expect(await refusal(client.attachments.download(none))).toEqual(["attachment_not_found", 404]);
    expect(await refusal(client.attachments.remove(none))).toEqual(["attachment_not_found", 404]);
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(200_000);
      throw new Error("the disk of the client");
    }
    const failed = await client.attachments.upload(failing()).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "aborted", cause: new Error("the disk of the client") });
    const leaving = new AbortController();
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(200_000);
      leaving.abort();
      await new Promise(() => {});
    }
    expect(await refusal(client.attachments.upload(slow(), {}, { signal: leaving.signal }))).toEqual(["aborted", undefined]);
    expect(await listed(client)).toEqual(before);
    await attachments.sweep();
  });

  verifies("attachments.headers", async ({ client, raw }) => {
    const page = "<script>alert(1)</script>";
    const hostile = await client.attachments.upload(Buffer.from(page), {
      filename: '../../\u202e"><img src=x>\r\nSet-Cookie: a=b; .html',
      content_type: "text/html",
    });
    expect(hostile.filename).toBe('"><img src=x>Set-Cookie: a=b; .html');
    const inert = {
      "content-type": "application/octet-stream",
      "content-disposition":
        "attachment; filename=\"_><img src=x>Set-Cookie: a=b; .html\"; filename*=UTF-8''%22%3E%3Cimg%20src%3Dx%3ESet-Cookie%3A%20a%3Db%3B%20.html",
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      etag: `"${hostile.sha256}"`,
      "content-length": String(page.length),
    };
    for (const query of ["", "?inline=1"]) {
      const reply = await raw("GET", `/attachments/${hostile.id}${query}`);
      expect(reply).toMatchObject({ status: 200, text: page, headers: inert });
      expect(reply.headers).not.toHaveProperty("set-cookie");
    }
    expect(await raw("HEAD", `/attachments/${hostile.id}`)).toMatchObject({ status: 200, text: "", headers: inert });

    const dispositionOf = async (bytes: Uint8Array, content_type: string, query: string): Promise<string | undefined> => {
      const { id } = await client.attachments.upload(bytes, { filename: "a.png", content_type });
      return (await raw("GET", `/attachments/${id}${query}`)).headers["content-disposition"]?.split(";")[0];
    };
    expect(await dispositionOf(png, "image/png", "?inline=1")).toBe("inline");
    expect(await dispositionOf(png, "image/png", "")).toBe("attachment");
    expect(await dispositionOf(png, "image/jpeg", "?inline=1")).toBe("attachment");
    expect(await dispositionOf(png, "image/svg+xml", "?inline=1")).toBe("attachment");
    expect(await dispositionOf(Buffer.from(page), "image/png", "?inline=1")).toBe("attachment");
  });

  it("are not served by a manager that has none, over any door", async () => {
    const { createClient } = await import("../../adapters/client/index.js");
    const subject = await openSubject("memory");
    const client = createClient(subject.manager);
    expect(await refusal(client.attachments.upload(png))).toEqual(["not_supported", 501]);
    expect(await refusal(client.attachments.list())).toEqual(["not_supported", 501]);
    await client.close();
    await subject.close();
  });

  it.each<Subject["carrier"]>(["memory", "tcp", "unix"])("tell a form that is wrong what is wrong with it, over %s", async (carrier) => {
    const subject = await openSubject(carrier);
    const post = async (body: string, type = "multipart/form-data; boundary=x"): Promise<unknown> => {
      const { status, text } = await subject.raw("POST", "/attachments", { headers: { "Content-Type": type }, body });
      const { code, detail } = JSON.parse(text) as { code?: string; detail?: string };
      return status === 201 ? "passes" : `${status} ${code}: ${detail}`;
    };
    const form = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nsome text\r\n--x--\r\n';
    expect(await post(form)).toBe("passes");
    expect(await post(form.slice(0, -10))).toMatch(/^400 invalid_request: file must end with its boundary; it was cut off/);
    expect(await post(form.replace('"file"', '"other"'))).toMatch(/^400 invalid_request: other is not a part of this form/);
    expect(await post(form.replace("--x--", `--x\r\n${form.slice(5)}`))).toMatch(/^400 invalid_request/);
    expect(await post(form, "application/json")).toMatch(/^415 unsupported_media_type/);
    expect(await post(form, "multipart/form-data")).toMatch(/^415 unsupported_media_type/);
    expect(await listed(subject.client)).toHaveLength(1);
    await subject.close();
  });
});

/** A daemon of a user, and curl to it. */
async function curls(): Promise<{ user: User; curl: (...words: string[]) => Promise<string>; folder: string }> {
  const user = newUser();
  const daemon = await scriptedDaemon(user);
  const url = daemon.addresses.find((address) => address.startsWith("http")) ?? "";
  const curl = async (...words: string[]): Promise<string> => {
    const { code, out, err } = await user.run("curl", "-sS", ...words.map((word) => word.replace("http://127.0.0.1:7433", url)));
    expect([code, err]).toEqual([0, ""]);
    return out;
  };
  return { user, curl, folder: join(user.home, "state", "attachments.memory") };
}

describe("attachments by curl", () => {
  verifiesWith("attachments.bytes", "curl", async () => {
    const { user, curl, folder } = await curls();
    const bytes = randomBytes(2 * mebibyte);
    writeFileSync(join(user.folder, "a b.bin"), bytes);
    const form = JSON.parse(await curl("-F", "file=@a b.bin;type=application/zip", "http://127.0.0.1:7433/attachments"));
    expect(form).toMatchObject({ filename: "a b.bin", size_bytes: bytes.length, content_type: "application/zip", sha256: sha256(bytes) });
    const type = "Content-Type: application/octet-stream";
    const raw = JSON.parse(await curl("--data-binary", "@a b.bin", "-H", type, "http://127.0.0.1:7433/attachments/raw?filename=raw.bin"));
    expect(raw).toMatchObject({ filename: "raw.bin", size_bytes: bytes.length, sha256: sha256(bytes) });
    await curl("-o", "back.bin", `http://127.0.0.1:7433/attachments/${form.id}`);
    expect(readFileSync(join(user.folder, "back.bin")).equals(bytes)).toBe(true);
    await curl("-OJ", `http://127.0.0.1:7433/attachments/${raw.id}`);
    expect(readFileSync(join(user.folder, "raw.bin")).equals(bytes)).toBe(true);
    expect(await curl("-I", `http://127.0.0.1:7433/attachments/${form.id}`)).toMatch(/^HTTP\/1\.1 200 .*content-length: 2097152\r\n/is);
    expect(new Set(readdirSync(folder))).toEqual(new Set([form.id, raw.id]));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, form.id)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await curl("-X", "DELETE", `http://127.0.0.1:7433/attachments/${form.id}`))).toEqual({ removed: true });
    expect(readdirSync(folder)).toEqual([raw.id]);
  });

  verifiesWith("attachments.refusals", "curl", async () => {
    const { user, curl, folder } = await curls();
    writeFileSync(join(user.folder, "large.bin"), new Uint8Array(largest + 1));
    const codes = async (...words: string[]): Promise<string> => JSON.parse(await curl(...words)).code;
    expect(await codes("-F", "file=@large.bin", "http://127.0.0.1:7433/attachments")).toBe("attachment_too_large");
    expect(await codes("--data-binary", "@large.bin", "http://127.0.0.1:7433/attachments/raw")).toBe("attachment_too_large");
    const chunked = ["-H", "Transfer-Encoding: chunked", "-X", "POST", "-T", "large.bin"];
    expect(await codes(...chunked, "http://127.0.0.1:7433/attachments/raw")).toBe("attachment_too_large");
    expect(await codes("-F", "other=@large.bin", "http://127.0.0.1:7433/attachments")).toMatch(/invalid_request|attachment_too_large/);
    expect(await codes("-d", "{}", "http://127.0.0.1:7433/attachments")).toBe("unsupported_media_type");
    // A client that goes away in the middle.
    await user.run("curl", "-sS", "--max-time", "0.3", "--limit-rate", "100k", ...chunked, `${await urlOf(user)}/attachments/raw`);
    for (let look = 0; look < 100 && readdirSync(folder).length > 0; look += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(readdirSync(folder)).toEqual([]);
    const { id } = JSON.parse(await curl("--data-binary", "text", "http://127.0.0.1:7433/attachments/raw"));
    rmSync(join(folder, id));
    expect(await codes(`http://127.0.0.1:7433/attachments/${id}`)).toBe("attachment_expired");
  });
});

async function urlOf(user: User): Promise<string> {
  return (JSON.parse(readFileSync(join(user.home, "daemon.json"), "utf8")) as { url: string }).url;
}

describe("anode attachments", () => {
  verifiesWith("attachments.bytes", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    const bytes = randomBytes(300_000);
    writeFileSync(join(user.folder, "notes.md"), bytes);
    const put = await user.anode("attachments", "put", "notes.md");
    expect(put).toMatchObject({ code: 0, out: expect.stringMatching(/^att-[0-9a-f]{32}\n$/), err: "" });
    const id = put.out.trim();
    const named = JSON.parse((await user.anode("attachments", "put", "notes.md", "--name", ".bashrc", "--json")).out);
    expect(named).toMatchObject({ filename: ".bashrc", size_bytes: 300_000, content_type: "application/octet-stream" });
    mkdirSync(join(user.folder, "into"));
    const got = await user.anode("attachments", "get", id, "--output", "into");
    expect(got).toEqual({ code: 0, out: `${join(user.folder, "into", "notes.md")}\n`, err: "" });
    expect(readFileSync(join(user.folder, "into/notes.md")).equals(bytes)).toBe(true);
    // A name of somebody else's choice makes no hidden file.
    expect((await user.anode("attachments", "get", named.id)).out).toBe(`${join(user.folder, "bashrc")}\n`);
    const device = await user.anode("attachments", "get", id, "--output", "/dev/null");
    expect(device).toMatchObject({ code: 0, out: "", err: expect.stringContaining("300000 bytes written to /dev/null") });
    const list = await user.anode("attachments", "list");
    expect(list.out.split("\n").map((row) => row.split(/ +/).slice(0, 4))).toEqual([
      ["ID", "NAME", "BYTES", "TYPE"],
      [named.id, ".bashrc", "300000", "application/octet-stream"],
      [id, "notes.md", "300000", "text/markdown"],
      [""],
    ]);
    expect(await user.anode("attachments", "remove", id)).toEqual({ code: 0, out: `${id}\n`, err: "" });
    expect(JSON.parse((await user.anode("attachments", "list", "--json", "--limit", "0")).out).attachments).toHaveLength(1);
  });

  verifiesWith("attachments.refusals", "cli", async () => {
    const user = newUser();
    await scriptedDaemon(user);
    writeFileSync(join(user.folder, "a.txt"), "the first");
    const id = (await user.anode("attachments", "put", "a.txt")).out.trim();
    writeFileSync(join(user.folder, "a.txt"), "mine");
    const kept = await user.anode("attachments", "get", id);
    expect(kept).toMatchObject({ code: 2, out: "", err: expect.stringMatching(/a\.txt exists and stays as it is; name another file/) });
    expect(readFileSync(join(user.folder, "a.txt"), "utf8")).toBe("mine");
    expect(await user.anode("attachments", "put", "missing.txt")).toMatchObject({
      code: 2,
      err: expect.stringContaining("missing.txt cannot be read: ENOENT"),
    });
    expect(await user.anode("attachments", "put", ".")).toMatchObject({ code: 2, err: expect.stringContaining("is a folder") });
    writeFileSync(join(user.folder, "large.bin"), new Uint8Array(largest + 1));
    expect(await user.anode("attachments", "put", "large.bin")).toMatchObject({
      code: 1,
      err: expect.stringContaining("at most 26214400 bytes"),
    });
    expect(await user.anode("attachments", "get", "att-unknown", "--output", "x")).toMatchObject({ code: 4 });
    expect(existsSync(join(user.folder, "x"))).toBe(false);
  });
});
