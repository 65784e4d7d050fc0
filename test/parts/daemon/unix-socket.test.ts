import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { listenOnSocket } from "../../../adapters/daemon/unix-socket.js";
import { refusalOf, temporaryFolder } from "./fixtures.js";

function newServer(): Server {
  const server = createServer((socket) => socket.on("error", () => {}).end("here"));
  onTestFinished(() => void server.close());
  return server;
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
const listen = (path: string): ReturnType<typeof listenOnSocket> => listenOnSocket(newServer(), path, 103);

function textFrom(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    connect(path)
      .on("data", (data) => resolve(String(data)))
      .on("error", reject); // prettier-ignore
  });
}

/** A socket that nobody listens on any more. */
async function leaveStale(path: string): Promise<void> {
  const server = createServer();
  const elsewhere = `${path}.moved`;
  await new Promise<void>((resolve) => void server.listen(elsewhere, resolve));
  // Closing removes the name it was bound to, and no other.
  renameSync(elsewhere, path);
  await closed(server);
}

describe("listenOnSocket", () => {
  for (const mask of [0o000, 0o022, 0o077]) {
    it(`makes a socket of mode 0600 under umask ${mask.toString(8)} and leaves the umask as it was`, async () => {
      const path = join(temporaryFolder(), "a.sock");
      const before = process.umask(mask);
      await listen(path);
      expect(process.umask(before)).toBe(mask);
      expect([lstatSync(path).isSocket(), lstatSync(path).mode & 0o777, await textFrom(path)]).toEqual([true, 0o600, "here"]);
    });
  }

  it("removes its own socket and nothing else at the end", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "a.sock");
    const server = newServer();
    const file = await listenOnSocket(server, path, 103);
    await closed(server);
    expect(readdirSync(folder)).toEqual(["a.sock"]);
    file.remove();
    file.remove();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("leaves what somebody else has put in its place", async () => {
    const path = join(temporaryFolder(), "a.sock");
    const server = newServer();
    const file = await listenOnSocket(server, path, 103);
    renameSync(path, `${path}.old`);
    writeFileSync(path, "mine");
    await closed(server);
    file.remove();
    expect(lstatSync(path).isFile()).toBe(true);
  });

  it("takes over from a daemon that died", async () => {
    const path = join(temporaryFolder(), "a.sock");
    await leaveStale(path);
    expect(existsSync(path)).toBe(true);
    await listen(path);
    expect(await textFrom(path)).toBe("here");
  });

  it("lets one of several take over, and takes nothing from who was first", async () => {
    for (let round = 0; round < 10; round += 1) {
      const path = join(temporaryFolder(), "a.sock");
      await leaveStale(path);
      utimesSync(path, 1, 1);
      const starts = await Promise.allSettled(Array.from({ length: 3 }, () => listen(path)));
      // All of them saw the dead one, whose number the file system gives to the first new one.
      expect(starts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect(await textFrom(path)).toBe("here");
    }
  });

  it("leaves a socket alone where somebody listens", async () => {
    const path = join(temporaryFolder(), "a.sock");
    await listen(path);
    const { ino } = lstatSync(path);
    expect((await refusalOf(() => listen(path))).exit).toBe(75);
    expect([lstatSync(path).ino, await textFrom(path)]).toEqual([ino, "here"]);
  });

  const foreign: readonly [title: string, make: (path: string) => unknown][] = [
    ["a file", (path) => writeFileSync(path, "x")],
    ["a folder", (path) => mkdirSync(path)],
    ["a link, even to a dead socket", (path) => symlinkSync("nowhere.sock", path)],
  ];
  for (const [title, make] of foreign) {
    it(`leaves ${title} alone`, async () => {
      const path = join(temporaryFolder(), "a.sock");
      make(path);
      const { ino } = lstatSync(path);
      expect((await refusalOf(() => listen(path))).exit).toBe(78);
      expect(lstatSync(path).ino).toBe(ino);
    });
  }

  for (const mode of [0o755, 0o770, 0o777, 0o701]) {
    it(`refuses a folder of mode ${mode.toString(8)}`, async () => {
      const folder = join(temporaryFolder(), "open");
      mkdirSync(folder);
      chmodSync(folder, mode);
      expect((await refusalOf(() => listen(join(folder, "a.sock")))).exit).toBe(78);
    });
  }

  it.skipIf(process.getuid?.() !== 0)("takes a sticky folder of root (needs root to make one)", async () => {
    const folder = join(temporaryFolder(), "shared");
    mkdirSync(folder);
    chmodSync(folder, 0o1777);
    await listen(join(folder, "a.sock"));
    expect(await textFrom(join(folder, "a.sock"))).toBe("here");
  });

  it("refuses a folder that is not there and a path that the system would cut", async () => {
    const folder = temporaryFolder();
    expect((await refusalOf(() => listen(join(folder, "no", "a.sock")))).exit).toBe(78);
    const longest = join(folder, "x".repeat(103 - folder.length - 1));
    expect((await refusalOf(() => listen(`${longest}x`))).exit).toBe(78);
    await listen(longest);
    expect(await textFrom(longest)).toBe("here");
    // Bytes count, not characters.
    expect((await refusalOf(() => listen(join(folder, "ä".repeat(52))))).exit).toBe(78);
  });
});
