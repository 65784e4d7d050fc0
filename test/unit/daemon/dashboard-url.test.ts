import { describe, expect, it } from "vitest";
import { dashboardUrl } from "../../../adapters/daemon/dashboard-url.js";
import { parseAddress } from "../../../lib/address.js";

describe("dashboardUrl", () => {
  it.each([
    [["unix:/run/anode.sock"], undefined],
    [["unix:/run/anode.sock", "127.0.0.1:7433"], "http://127.0.0.1:7433/dashboard"],
    [["[::1]:7433"], "http://[::1]:7433/dashboard"],
    [["192.0.2.7:1", "[::1]:2", "127.0.0.1:3"], "http://127.0.0.1:3/dashboard"],
    [["192.0.2.7:1", "[::1]:2"], "http://[::1]:2/dashboard"],
    [["192.0.2.7:1"], "http://192.0.2.7:1/dashboard"],
    [["0.0.0.0:7433"], "http://127.0.0.1:7433/dashboard"],
    [["[::]:7433"], "http://[::1]:7433/dashboard"],
  ])("of %j is %s", (addresses, url) => {
    expect(dashboardUrl(addresses.map((text) => parseAddress(text)))).toBe(url);
  });
});
