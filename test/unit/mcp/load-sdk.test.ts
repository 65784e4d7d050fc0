import { describe, expect, it } from "vitest";
import { loadSdk } from "../../../adapters/mcp/load-sdk.js";

describe("loadSdk", () => {
  it("names the package and how to install it when it is missing", async () => {
    const missing = Object.assign(new Error("Cannot find package '@modelcontextprotocol/sdk'"), { code: "ERR_MODULE_NOT_FOUND" });
    await expect(loadSdk(() => Promise.reject(missing))).rejects.toMatchObject({
      code: "not_supported",
      cause: missing,
      details: { package: "@modelcontextprotocol/sdk", hint: "npm install @modelcontextprotocol/sdk" },
    });
  });

  it("passes on any other failure as it is", async () => {
    const broken = new SyntaxError("Unexpected token");
    await expect(loadSdk(() => Promise.reject(broken))).rejects.toBe(broken);
  });
});
