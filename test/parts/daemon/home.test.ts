import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { homeFolder, userHome } from "../../../lib/node/home-folder.js";
import { homeOf, openHome } from "../../../adapters/daemon/home.js";
import { refusalOf, temporaryFolder } from "./fixtures.js";

const mode = (path: string): number => lstatSync(path).mode & 0o777;
const originalMask = process.umask();
afterEach(() => void process.umask(originalMask));

describe("homeOf", () => {
  it("takes $ANODE_HOME, else .config/anode of the user", () => {
    expect(homeOf({ ANODE_HOME: "/x/y" }).socket).toBe("/x/y/daemon.sock");
    expect(homeOf({ HOME: "/home/ada" }).path).toBe("/home/ada/.config/anode");
    expect(homeOf({ HOME: "/home/ada", ANODE_HOME: "" }).path).toBe("/home/ada/.config/anode");
  });

  it("is that of the user's entry where HOME is empty, and not the folder it is started in", () => {
    const before = process.env["HOME"];
    process.env["HOME"] = "";
    const { path } = homeOf(process.env);
    const ofClients = homeFolder();
    const own = userHome();
    process.env["HOME"] = before;
    const { homedir } = userInfo();
    expect([path, ofClients, own]).toEqual([join(homedir, ".config/anode"), join(homedir, ".config/anode"), homedir]);
  });
});

describe("openHome", () => {
  const masks = [0o000, 0o002, 0o022, 0o027, 0o077, 0o177, 0o277, 0o377, 0o777];
  for (const mask of masks) {
    it(`makes the folder 0700 under umask ${mask.toString(8)}`, () => {
      // What lies above is made first: only the superuser gets through a folder without rights.
      const home = homeOf({ ANODE_HOME: join(temporaryFolder(), "home") });
      process.umask(mask);
      openHome(home);
      expect([mode(home.path), mode(home.state)]).toEqual([0o700, 0o700]);
    });
    it(`leaves a wrong folder as it is under umask ${mask.toString(8)}`, async () => {
      const home = homeOf({ ANODE_HOME: join(temporaryFolder(), "home") });
      mkdirSync(home.path);
      chmodSync(home.path, 0o755);
      process.umask(mask);
      const { exit, repair } = await refusalOf(() => openHome(home));
      expect({ exit, repair, mode: mode(home.path) }).toEqual({ exit: 78, repair: `chmod 700 ${home.path}`, mode: 0o755 });
      expect(existsSync(home.state)).toBe(false);
    });
  }

  for (const wrong of [0o750, 0o770, 0o777, 0o701, 0o600, 0o500]) {
    it(`refuses a folder of mode ${wrong.toString(8)}`, async () => {
      const home = homeOf({ ANODE_HOME: join(temporaryFolder(), "home") });
      mkdirSync(home.path);
      chmodSync(home.path, wrong);
      expect((await refusalOf(() => openHome(home))).exit).toBe(78);
    });
  }

  it("refuses a link, even to a private folder", async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, "real"), { mode: 0o700 });
    symlinkSync("real", join(root, "home"));
    const { exit, message, repair } = await refusalOf(() => openHome(homeOf({ ANODE_HOME: join(root, "home") })));
    expect([exit, repair]).toEqual([78, `rm ${join(root, "home")}`]);
    expect(message).toContain("symbolic link");
  });

  it("refuses a file in its place and a place below a file", async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, "home"), "");
    expect((await refusalOf(() => openHome(homeOf({ ANODE_HOME: join(root, "home") })))).exit).toBe(78);
    expect((await refusalOf(() => openHome(homeOf({ ANODE_HOME: join(root, "home", "below") })))).exit).toBe(78);
  });

  it.skipIf(process.getuid?.() !== 0)("refuses a folder of somebody else (needs root to make one)", async () => {
    const home = homeOf({ ANODE_HOME: join(temporaryFolder(), "home") });
    mkdirSync(home.path, { mode: 0o700 });
    chownSync(home.path, 4242, 4242);
    const { exit, repair } = await refusalOf(() => openHome(home));
    expect([exit, repair]).toEqual([78, `sudo chown 0 ${home.path}`]);
  });
});
