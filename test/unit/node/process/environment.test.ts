import { describe, expect, it } from "vitest";
import { childEnvironment } from "../../../../lib/node/process/environment.js";

const own = { ANODED_COOKIE: "store.R-1", ANODE_RUN_ID: "R-1" };
const base = {
  PATH: "/bin",
  HOME: "/root",
  LANG: "C",
  LC_ALL: "C.UTF-8",
  LC_WHATEVER: "x",
  TZ: "UTC",
  TRACEPARENT: "00-1",
  XDG_CACHE_HOME: "/c",
  OPENAI_API_KEY: "secret",
  DATABASE_URL: "secret",
  XDG_RUNTIME_DIR: "/run",
  DBUS_SESSION_BUS_ADDRESS: "unix:",
  NODE_OPTIONS: "--inspect",
  LD_PRELOAD: "x.so",
  ANODE_TOKEN: "secret",
  ANODE_HOME: "/h",
  SSH_AUTH_SOCK: undefined,
};

describe("childEnvironment", () => {
  it("inherits the allow-list and nothing else", () => {
    expect(childEnvironment({ base, own })).toEqual({
      PATH: "/bin",
      HOME: "/root",
      LANG: "C",
      LC_ALL: "C.UTF-8",
      LC_WHATEVER: "x",
      TZ: "UTC",
      TRACEPARENT: "00-1",
      XDG_CACHE_HOME: "/c",
      ...own,
    });
  });

  it("lets no secret through, whatever it is called", () => {
    const secrets = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`SECRET_${n}`, `planted-${n}`]));
    expect(JSON.stringify(childEnvironment({ base: { ...base, ...secrets }, own }))).not.toMatch(/planted|secret/);
  });

  it("passes on what is named, where it is set", () => {
    const environment = childEnvironment({ base, own, pass: ["DATABASE_URL", "NOT_SET", "SSH_AUTH_SOCK"] });
    expect(environment["DATABASE_URL"]).toBe("secret");
    expect(Object.keys(environment)).not.toContain("NOT_SET");
    expect(Object.keys(environment)).not.toContain("SSH_AUTH_SOCK");
  });

  it("lays the command's over what is inherited, and the request's over both", () => {
    const environment = childEnvironment({ base, own, pass: ["A"], defined: { PATH: "/tool", A: "1" }, requested: { A: "2" } });
    expect(environment).toMatchObject({ PATH: "/tool", A: "2" });
  });

  it("keeps every name that begins with ANODE for itself", () => {
    const sources = {
      base,
      own,
      pass: ["ANODE_TOKEN"],
      defined: { ANODE_HOME: "x" },
      requested: { ANODED_COOKIE: "y", ANODE_RUN_ID: "R-2" },
    };
    const environment = childEnvironment(sources);
    expect(Object.entries(environment).filter(([name]) => name.startsWith("ANODE"))).toEqual(Object.entries(own));
  });
});
