import { describe, expect, it } from "vitest";
import { freeBytes, networkFileSystem, probeWrite } from "../../../../lib/node/sqlite/file-system.js";

const mountinfo = [
  "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw",
  "30 22 0:40 / /home rw shared:2 - nfs4 server:/home rw",
  "31 30 254:1 / /home/local rw shared:3 - xfs /dev/vdb rw",
  "32 22 0:41 / /mnt/with\\040space rw - fuse.sshfs me@host: rw",
  "33 22 0:42 / /data rw - cifs //server/data rw",
  "34 22 0:43 / /data rw - tmpfs tmpfs rw",
].join("\n");

describe("networkFileSystem", () => {
  it.each([
    ["/var/lib", undefined],
    ["/home/me", "nfs4"],
    ["/home", "nfs4"],
    ["/homeless", undefined],
    ["/home/local/me", undefined],
    ["/mnt/with space/x", "fuse.sshfs"],
    ["/data/x", undefined],
  ])("finds the mount that holds %s", (folder, type) => {
    expect(networkFileSystem(mountinfo, folder)).toBe(type);
  });

  it("calls everything local where the system has no mount table", () => {
    expect(networkFileSystem("", "/home")).toBeUndefined();
  });
});

describe("probeWrite", () => {
  it("answers the system's error code", () => {
    expect(probeWrite("/nowhere/at/all")).toBe("ENOENT");
  });
});

describe("freeBytes", () => {
  it("answers what is free, and 0 where nobody says", () => {
    expect(freeBytes("/")).toBeGreaterThan(0);
    expect(freeBytes("/nowhere/at/all")).toBe(0);
  });
});
