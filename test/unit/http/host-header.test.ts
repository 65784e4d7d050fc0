import { describe, expect, it } from "vitest";
import type { Door } from "../../../adapters/http/call.js";
import { checkHost, listenerHosts, listenerOrigins } from "../../../adapters/http/gate/host-header.js";
import { headerMap, outcome, tcpDoor } from "./fixtures.js";

const unixDoor: Door = { kind: "unix", hosts: [], origins: [] };
const many = (values: readonly string[]): readonly string[] => values.flatMap((value) => ["Host", value]);

// The values of all Host headers of a request, and whether a TCP door on port 7433 lets it pass.
const corpus: readonly (readonly [values: readonly string[], passes: boolean])[] = [
  [["localhost:7433"], true],
  [["LOCALHOST:7433"], true],
  [["LocalHost:7433"], true],
  [["127.0.0.1:7433"], true],
  [["[::1]:7433"], true],
  [["box.example:7433"], true],
  [["BOX.example:7433"], true],
  [[], false],
  [[""], false],
  [[" "], false],
  [[":7433"], false],
  [["localhost"], false],
  [["127.0.0.1"], false],
  [["[::1]"], false],
  [["localhost:"], false],
  [["localhost:80"], false],
  [["localhost:7434"], false],
  [["localhost:74330"], false],
  [["localhost:07433"], false],
  [["localhost:+7433"], false],
  [["localhost:7433 "], false],
  [[" localhost:7433"], false],
  [["localhost :7433"], false],
  [["localhost.:7433"], false],
  [["localhost..:7433"], false],
  [[".localhost:7433"], false],
  [["xlocalhost:7433"], false],
  [["localhost.evil.example:7433"], false],
  [["127.evil.example:7433"], false],
  [["127.0.0.1.evil.example:7433"], false],
  [["evil.example:7433"], false],
  [["evil.example"], false],
  [["localhost:7433@evil.example"], false],
  [["evil.example@localhost:7433"], false],
  [["localhost:7433, evil.example"], false],
  [["localhost:7433", "localhost:7433"], false],
  [["localhost:7433", "evil.example"], false],
  [["127.1:7433"], false],
  [["2130706433:7433"], false],
  [["0x7f000001:7433"], false],
  [["0x7f.0.0.1:7433"], false],
  [["0177.0.0.1:7433"], false],
  [["127.0.0.2:7433"], false],
  [["0.0.0.0:7433"], false],
  [["[::ffff:127.0.0.1]:7433"], false],
  [["[0:0:0:0:0:0:0:1]:7433"], false],
  [["::1:7433"], false],
  [["[::1:7433"], false],
  [["[::1]7433"], false],
  [["localhost\u0000:7433"], false],
  [["localhost%00:7433"], false],
  [["loc\u0131alhost:7433"], false],
  [["\u212Aocalhost:7433"], false],
  [["xn--lcalhost-54a:7433"], false],
  [["http://localhost:7433"], false],
  [["//localhost:7433"], false],
  [["localhost:7433/"], false],
  [["localhost:7433?x"], false],
  [["localhost:7433#x"], false],
  [["localhost\\:7433"], false],
  [["*:7433"], false],
  [[`${"a".repeat(300)}:7433`], false],
];

describe("checkHost on a TCP door", () => {
  it.each(corpus)("%j passes: %s", (values, passes) => {
    expect(outcome(() => checkHost(headerMap(...many(values)), tcpDoor, ["box.example:7433"]))).toBe(
      passes ? "passes" : "host_not_allowed",
    );
  });
});

describe("checkHost on a Unix socket", () => {
  it.each([["localhost"], ["localhost:80"], ["anode"], ["evil.example"], ["[::1]:1"]])("takes the well-formed %s", (value) => {
    expect(outcome(() => checkHost(headerMap("Host", value), unixDoor, []))).toBe("passes");
  });

  it.each([[[]], [[""]], [["a", "a"]], [["a b"]], [["a:b"]], [["a/"]]])("refuses %j", (values: string[]) => {
    expect(outcome(() => checkHost(headerMap(...many(values)), unixDoor, []))).toBe("host_not_allowed");
  });
});

describe("listenerHosts", () => {
  it("names loopback, the bound address and further names with the port", () => {
    expect(listenerHosts("192.0.2.7", 7433, ["Box.example", "proxy.example:443"])).toEqual([
      "localhost:7433",
      "127.0.0.1:7433",
      "[::1]:7433",
      "192.0.2.7:7433",
      "box.example:7433",
      "proxy.example:443",
    ]);
  });

  it("also names the hosts alone on port 80", () => {
    expect(listenerHosts("::1", 80)).toEqual(["localhost", "localhost:80", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:80"]);
  });

  it("gives the origins of its pages", () => {
    expect(listenerOrigins(["localhost:7433"])).toEqual(["http://localhost:7433"]);
  });
});
