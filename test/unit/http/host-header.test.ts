import { describe, expect, it } from "vitest";
import type { Door } from "../../../adapters/http/call.js";
import { checkHost, listenerHosts, listenerOrigins } from "../../../adapters/http/gate/host-header.js";
import { hostCorpus } from "../../fault/corpus/hosts.js";
import { headerMap, outcome, tcpDoor } from "./fixtures.js";

const many = (values: readonly string[]): readonly string[] => values.flatMap((value) => ["Host", value]);

const corpus = hostCorpus(7433);

describe("checkHost on a TCP door", () => {
  it.each(corpus)("%j passes: %s", (values, passes) => {
    expect(outcome(() => checkHost(headerMap(...many(values)), tcpDoor, ["box.example:7433"]))).toBe(
      passes ? "passes" : "host_not_allowed",
    );
  });
});

describe.each(["unix", "memory"] as const)("checkHost on a door of the kind %s", (kind) => {
  const door: Door = { kind, hosts: [], origins: [] };

  it.each([["localhost"], ["localhost:80"], ["anode"], ["a"], ["evil.example"], ["[::1]:1"], ["a".repeat(261)]])(
    "takes the well-formed %s",
    (value) => {
      expect(outcome(() => checkHost(headerMap("Host", value), door, []))).toBe("passes");
    },
  );

  it.each([[[]], [[""]], [["a", "a"]], [["a b"]], [["a:b"]], [["a/"]], [["a".repeat(262)]]])("refuses %j", (values: string[]) => {
    expect(outcome(() => checkHost(headerMap(...many(values)), door, []))).toBe("host_not_allowed");
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
