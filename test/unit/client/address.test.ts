import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Address, formatAddress, isLoopback, parseAddress } from "../../../lib/address.js";

const unix = (path: string): Address => ({ kind: "unix", path });
const tcp = (host: string, port: number): Address => ({ kind: "tcp", host, port });

describe("an address", () => {
  it.each([
    ["/tmp/anode.sock", unix("/tmp/anode.sock")],
    ["/no/ending", unix("/no/ending")],
    ["./here", unix("./here")],
    ["../up", unix("../up")],
    ["~/x/d.sock", unix("/home/ada/x/d.sock")],
    ["unix:/run/a", unix("/run/a")],
    ["unix:relative", unix("relative")],
    ["unix:~/a", unix("/home/ada/a")],
    ["anode.sock", unix("anode.sock")],
    ["127.0.0.1:7433", tcp("127.0.0.1", 7433)],
    [":7433", tcp("127.0.0.1", 7433)],
    [":0", tcp("127.0.0.1", 0)],
    ["localhost:80", tcp("127.0.0.1", 80)],
    ["LocalHost:80", tcp("127.0.0.1", 80)],
    ["[::1]:7433", tcp("::1", 7433)],
    ["http://127.0.0.1:7433", tcp("127.0.0.1", 7433)],
    ["http://127.0.0.1:7433/", tcp("127.0.0.1", 7433)],
    ["http://[::1]:65535", tcp("::1", 65535)],
    ["box.example:7433", tcp("box.example", 7433)],
    ["0.0.0.0:7433", tcp("0.0.0.0", 7433)],
  ])("reads %s", (text, address) => {
    expect(parseAddress(text, "/home/ada")).toEqual(address);
  });

  it.each([
    "",
    "7433",
    "127.0.0.1",
    "localhost",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "127.0.0.1:-1",
    "127.0.0.1:7433x",
    "127.0.0.1:7433/",
    "127.0.0.1:7433/runs",
    "http://127.0.0.1",
    "http://:7433",
    "http://127.0.0.1:7433/runs",
    "http://user@127.0.0.1:7433",
    "https://127.0.0.1:7433",
    "http://x/y.sock",
    "::1:7433",
    "[::1]",
    "unix:",
    "/a\u0000b",
    " :7433",
    ":7433\n",
    "~",
    "plain",
  ])("refuses %j", (text) => {
    const refused = expect.objectContaining({ code: "invalid_request" });
    expect(() => parseAddress(text, "/home/ada")).toThrow(refused);
  });

  it("needs a home folder for ~/", () => {
    expect(() => parseAddress("~/d.sock")).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });

  it("reads its own text back", () => {
    const hosts = fc.constantFrom("127.0.0.1", "::1", "box.example", "10.0.0.7");
    const any = fc.oneof(
      fc.tuple(hosts, fc.integer({ min: 0, max: 65_535 })).map(([host, port]) => tcp(host, port)),
      fc.constantFrom("/a", "rel", "./b.sock", "/with space:80").map(unix),
    );
    fc.assert(
      fc.property(any, (address) => {
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
    );
  });

  it.each([
    ["127.0.0.1", true],
    ["127.8.9.10", true],
    ["::1", true],
    ["0.0.0.0", false],
    ["127.1", false],
    ["127.0.0.01", false],
    ["127.0.0.1.example", false],
    ["::", false],
    ["localhost.example", false],
    ["10.0.0.1", false],
  ])("tells whether %s is loopback", (host, loopback) => {
    expect(isLoopback(host)).toBe(loopback);
  });
});
