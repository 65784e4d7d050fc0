import { describe, expect, it } from "vitest";
import { isGated } from "../../../adapters/cli/approval-hook/runtimes.js";

describe("isGated", () => {
  it.each<[glob: string, tools: string[], others: string[]]>([
    ["Bash", ["Bash"], ["bash", "Bash2", ""]],
    ["mcp__*", ["mcp__", "mcp__a__b", "mcp__a\nb"], ["mcp_", "xmcp__"]],
    ["*_file", ["write_file", "_file"], ["_files", "file"]],
    ["a*b*a", ["aba", "a.b.b.a"], ["aa", "ab", "aab"]],
    ["aba*ba", ["abaxba", "ababa"], ["aba", "abba"]],
    ["*", ["", "anything"], []],
    ["a.c", ["a.c"], ["abc"]],
  ])("%s", (glob, tools, others) => {
    expect(tools.filter((tool) => !isGated(tool, [glob]))).toEqual([]);
    expect(others.filter((tool) => isGated(tool, [glob]))).toEqual([]);
  });

  it("takes no longer for many stars", () => {
    const from = performance.now();
    expect(isGated("a".repeat(5_000), [`${"*a".repeat(40)}b`])).toBe(false);
    expect(performance.now() - from).toBeLessThan(1_000);
  });
});
