import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const style = readFileSync(new URL("../../../adapters/dashboard/style.css", import.meta.url), "utf8");
const [light = "", dark = ""] = style.split("@media (prefers-color-scheme: dark)");

/** The colors of a scheme by their names. */
function colorsOf(text: string): Record<string, string> {
  const block = text.slice(text.indexOf(":root"));
  return Object.fromEntries(
    [...block.slice(0, block.indexOf("}")).matchAll(/--([\w-]+): (#[0-9a-f]{6,8});/g)].map(([, name, color]) => [name, color]),
  );
}

const bytesOf = (color: string): number[] => [...Buffer.from(color.slice(1), "hex")];

/** What is seen of a color below one that lets it through. */
function shaded(color: string, shade: string): string {
  const [, , , opacity = 255] = bytesOf(shade);
  const mixed = bytesOf(color).map((below, at) => Math.round(below + ((bytesOf(shade)[at] ?? 0) - below) * (opacity / 255)));
  return `#${Buffer.from(mixed).toString("hex")}`;
}

/** Relative luminance, as the accessibility guidelines define it. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dim = 0, bright = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dim + 0.05);
}

const grounds = ["ground", "card", "code"];
const texts = ["text", "quiet", "link", "good", "busy", "warn", "bad"];

describe.for([
  ["light", light],
  ["dark", dark],
] as const)("The %s colors of the dashboard", ([, text]) => {
  const colors = colorsOf(text);
  const pairs = [
    ...grounds.flatMap((ground) => texts.map((name) => [name, ground] as const)),
    ["on-strong", "strong"] as const,
    ["card", "bad"] as const,
  ];

  it.for(grounds)("are readable on %s under the pointer too", (ground) => {
    const below = shaded(colors[ground] ?? "", colors["shade"] ?? "");
    for (const name of texts) expect(contrast(colors[name] ?? "", below), name).toBeGreaterThanOrEqual(4.5);
  });

  it.for(pairs)("have %s readable on %s", ([name, ground]) => {
    expect(contrast(colors[name] ?? "", colors[ground] ?? "")).toBeGreaterThanOrEqual(4.5);
  });
});
