import { describe, expect, it } from "vitest";
import { type AddressWishes, planAddresses } from "../../../adapters/daemon/addresses.js";
import { StartRefused } from "../../../adapters/daemon/start-refused.js";
import { formatAddress } from "../../../lib/address.js";

const wishes: AddressWishes = { defaultSocket: "/h/daemon.sock", hasToken: true, cwd: "/w", userHome: "/u" };
const planOf = (changes: Partial<AddressWishes>): string[] =>
  planAddresses({ ...wishes, ...changes }).map(({ address, mayMove }) => formatAddress(address) + (mayMove ? " or another" : ""));

/** The exit status of the refusal, or what would be opened. */
function outcome(changes: Partial<AddressWishes>): unknown {
  try {
    return planOf(changes).join(" ");
  } catch (error) {
    return error instanceof StartRefused ? error.exit : (error as { code: string }).code;
  }
}

describe("planAddresses", () => {
  it("opens the default socket and loopback TCP on the port of before, which may move", () => {
    expect(planOf({})).toEqual(["unix:/h/daemon.sock", "http://127.0.0.1:0 or another"]);
    expect(planOf({ lastPort: 4000 })).toEqual(["unix:/h/daemon.sock", "http://127.0.0.1:4000 or another"]);
  });

  it("holds on to an explicit port, the flag's before the configuration's", () => {
    expect(planOf({ lastPort: 1, configured: { port: 2 } })[1]).toBe("http://127.0.0.1:2");
    expect(planOf({ port: 3, configured: { port: 2, addr: [":9"] } })).toEqual(["unix:/h/daemon.sock", "http://127.0.0.1:3"]);
  });

  it("opens only the socket without TCP", () => {
    expect(planOf({ noTcp: true, configured: { addr: [":9"] } })).toEqual(["unix:/h/daemon.sock"]);
  });

  it("opens exactly the named addresses, each once, the flags' before the configuration's", () => {
    expect(planOf({ addr: ["./a.sock", ":1", "localhost:1", "~/b.sock"], configured: { addr: [":9"] } })).toEqual([
      "unix:/w/a.sock",
      "http://127.0.0.1:1",
      "unix:/u/b.sock",
    ]);
    expect(planOf({ configured: { addr: ["/tmp/c.sock"] } })).toEqual(["unix:/tmp/c.sock"]);
  });

  it("refuses --addr together with --port or --no-tcp", () => {
    expect(outcome({ addr: [":1"], port: 2 })).toBe("invalid_request");
    expect(outcome({ addr: [":1"], noTcp: true })).toBe("invalid_request");
  });

  const binds: readonly [spelling: string, outcome: unknown][] = [
    ["127.0.0.1:1", "http://127.0.0.1:1"],
    ["127.0.0.2:1", "http://127.0.0.2:1"],
    ["localhost:1", "http://127.0.0.1:1"],
    ["LOCALHOST:1", "http://127.0.0.1:1"],
    ["[::1]:1", "http://[::1]:1"],
    ["http://127.0.0.1:1", "http://127.0.0.1:1"],
    [":0", "http://127.0.0.1:0"],
    ["0.0.0.0:1", 78],
    ["0:1", 78],
    ["00.0.0.0:1", 78],
    ["0x0:1", 78],
    ["0.0:1", 78],
    ["[::]:1", 78],
    ["[0::0]:1", 78],
    ["[0:0:0:0:0:0:0:0]:1", 78],
    ["[::0.0.0.0]:1", 78],
    ["[::ffff:0.0.0.0]:1", 78],
    ["[::ffff:127.0.0.1]:1", 78],
    ["[0:0:0:0:0:0:0:1]:1", 78],
    ["127.1:1", 78],
    ["2130706433:1", 78],
    ["0x7f.0.0.1:1", 78],
    ["0177.0.0.1:1", 78],
    ["192.168.1.5:1", 78],
    ["10.0.0.1:1", 78],
    ["[fe80::1]:1", 78],
    ["localhost.localdomain:1", 78],
    ["localhost.:1", "invalid_request"],
    ["example.com:80", 78],
    ["http://0.0.0.0:1", 78],
    ["*:1", "invalid_request"],
    ["::1", "invalid_request"],
    [":::1", "invalid_request"],
    ["127.0.0.1", "invalid_request"],
    ["127.0.0.1:65536", "invalid_request"],
    ["127.0.0.1:-1", "invalid_request"],
    ["127.0.0.1:", "invalid_request"],
    ["https://127.0.0.1:1", "invalid_request"],
    ["http://127.0.0.1:1/path", "invalid_request"],
    ["user@127.0.0.1:1", "invalid_request"],
    ["", "invalid_request"],
    ["unix:", "invalid_request"],
  ];
  for (const [spelling, expected] of binds) {
    it(`answers ${JSON.stringify(spelling)} with ${String(expected)}`, () => {
      expect(outcome({ addr: [spelling] })).toBe(expected);
    });
  }

  it("refuses every wrong address of the configuration with 78", () => {
    expect(outcome({ configured: { addr: ["nonsense"] } })).toBe(78);
    expect(outcome({ configured: { addr: ["0.0.0.0:1"] } })).toBe(78);
  });

  it("opens another address only when that is asked for and a token exists", () => {
    const addr = ["0.0.0.0:1", "[::]:1", "/tmp/a.sock", ":2"];
    expect(planAddresses({ ...wishes, addr, allowRemote: true }).map(({ isRemote }) => isRemote)).toEqual([true, true, false, false]);
    expect(outcome({ addr, allowRemote: true, hasToken: false })).toBe(78);
  });
});
