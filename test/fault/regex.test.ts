import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type AttackPattern, check } from "recheck";
import ts from "typescript";
import { beforeAll, describe, expect, it } from "vitest";
import { isLong } from "./support/trials.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Literal {
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

/** Every regular expression written in a source, literals and constructor calls with a text. */
function expressionsIn(path: string, text: string): Literal[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const found: Literal[] = [];
  const add = (node: ts.Node, source: string, flags: string): void => {
    found.push({ place: `${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`, source, flags });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf("/");
      add(node, node.text.slice(1, end), node.text.slice(end + 1));
    } else if (
      ts.isTaggedTemplateExpression(node) &&
      node.tag.getText() === "String.raw" &&
      ts.isNoSubstitutionTemplateLiteral(node.template)
    ) {
      // Raw texts are parts of expressions that are made at run time.
      add(node, node.template.rawText ?? "", "");
    } else if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === "RegExp") {
      const [source, flags] = node.arguments ?? [];
      if (source && ts.isStringLiteralLike(source)) add(node, source.text, flags && ts.isStringLiteralLike(flags) ? flags.text : "");
      else if (source && !ts.isRegularExpressionLiteral(source)) add(node, "", "built");
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Every file of the product. */
function filesOfProduct(): string[] {
  return ["lib", "adapters"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name))),
  );
}

const isSource = (path: string): boolean => /\.[cm]?[jt]sx?$/.test(path);
/** What no expression can be in. */
const isData = (path: string): boolean => /\.(?:css|html|json|md|png|svg)$/.test(path);

function expressionsOfProduct(): Literal[] {
  return filesOfProduct()
    .filter(isSource)
    .flatMap((path) => expressionsIn(path, readFileSync(join(root, path), "utf8")));
}

// What is matched is short, and not a caller's to choose.
const excused: Readonly<Record<string, string>> = {
  "/\\/+$/": "the path of a base URL that the user of the client wrote",
  "/^\\s*(\\d+)\\s+(.+?)\\s*$/": "one line of ps, at most some dozens of characters",
  "/=+$/": "base64, which has two of them at most",
  "/%.*$/": "an address that the kernel gave",
};

// What is made at run time, and why nobody is kept waiting by it.
const built: Readonly<Record<string, string>> = {
  "adapters/daemon/redaction.ts": "made of escaped secrets and of shapes that are checked",
  "lib/agent/hooks/hook-file.ts": "written by the operator, for names of tools",
  "lib/agent/tools/grep-worker.ts": "the model's own, in a thread that is ended when its time is over",
};

// These are beyond the exact method within its time; the long form searches for a text that hurts them.
const searched = new Set([
  String.raw`/^(?:(?<http>http:\/\/)?(?:(?<name>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)|\[(?<v6>[0-9a-f:.]{2,45})\]))?:(?<port>\d{1,5})(?<slash>\/?)$/i`,
  String.raw`/^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s+(.*)$/`,
  String.raw`/^\s*([!#$%&'*+.^_${"`"}|~0-9a-z-]+)=("?)([!#$%&'*+.^_${"`"}|~0-9a-z:/-]*)\2\s*$/i`,
  String.raw`/^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i`,
  String.raw`/^\/(?!\/)[!"$-[\]-~]*$/`,
  // Shapes of secrets: the search for their beginning is what is slow to judge.
  String.raw`/\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}/`,
  String.raw`/\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{36,})/`,
  String.raw`/\bxox[abeoprs]-[A-Za-z0-9-]{10,}/`,
  String.raw`/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/`,
  String.raw`/\bglpat-[A-Za-z0-9_-]{20,}/`,
]);

const shown = ({ source, flags }: Literal): string => `/${source}/${flags}`;

/** What the checker has against an expression. */
async function verdictOf(one: Literal): Promise<string | undefined> {
  const { place, source, flags } = one;
  if (flags === "built") return `${place} is built at run time`;
  const isSearched = searched.has(shown(one));
  if (isSearched && !isLong) return undefined;
  // Its time is that of the clock, of which a busy machine gives little.
  const timeout = isLong ? 120_000 : 30_000;
  const found = await check(source, flags.replace("g", ""), { timeout, checker: isSearched ? "fuzz" : "automaton" });
  if (found.status === "safe" || (isSearched && found.status === "vulnerable" && !hurts(one, found.attack))) return undefined;
  return `${place} ${shown(one)} is ${found.status}`;
}

/** What a search finds it finds by chance, in steps of its own engine: whether it is more than linear, a text of 64 KiB shows. */
function hurts({ source, flags }: Literal, { pumps, suffix }: AttackPattern): boolean {
  const times = Math.ceil(65_536 / pumps.reduce((sum, { pump }) => sum + pump.length, 1));
  const text = pumps.map(({ prefix, pump }) => prefix + pump.repeat(times)).join("") + suffix;
  const from = performance.now();
  new RegExp(source, flags.replace("g", "")).exec(text);
  return performance.now() - from > 250;
}

describe("the regular expressions of the product", () => {
  beforeAll(() => {
    // The checker in JavaScript: no other program is needed.
    process.env["RECHECK_BACKEND"] = "pure";
  });

  // Ten seconds of work, of which a busy machine makes minutes.
  it("take linear time on every text", isLong ? {} : { timeout: 300_000 }, async () => {
    const all = expressionsOfProduct();
    // Of those that are built nothing is known but where that is: each for itself.
    const distinct = [...new Map(all.map((one) => [one.flags === "built" ? one.place : shown(one), one])).values()];
    const wrong: string[] = [];
    for (const one of distinct) {
      const verdict = await verdictOf(one);
      if (verdict && !(shown(one) in excused)) wrong.push(verdict);
    }
    console.log(`${all.length} expressions, ${distinct.length} distinct`);
    expect(all.length).toBeGreaterThan(50);
    const isBuilt = / is built at run time$/;
    expect(wrong.filter((one) => !isBuilt.test(one))).toEqual([]);
    expect(new Set(wrong.map((one) => one.split(":")[0]))).toEqual(new Set(Object.keys(built)));
  });

  it("are looked for in every file, whatever its folder", () => {
    expect(filesOfProduct().filter((path) => !isSource(path) && !isData(path))).toEqual([]);
    // Folders of folders too: a filter that stops at the first level would not have these.
    const places = new Set(expressionsOfProduct().map(({ place }) => place.split("/").slice(0, -1).join("/")));
    expect(["adapters/cli/hook-settings", "adapters/daemon", "lib/agent/permissions"].filter((folder) => !places.has(folder))).toEqual([]);
  });

  it("are no others than those listed where the checker has to be excused", () => {
    const present = new Set(expressionsOfProduct().map(shown));
    expect([...Object.keys(excused), ...searched].filter((text) => !present.has(text))).toEqual([]);
  });

  it("would be found if one were vulnerable, however it is written", async () => {
    const planted = expressionsIn(
      "planted.ts",
      String.raw`export const a = /^(a+)+$/; export const b = new RegExp("^(?:x|x)*y$"); f(/^\d{1,9}$/);`,
    );
    expect(planted).toHaveLength(3);
    expect((await Promise.all(planted.map(verdictOf))).map((verdict) => verdict !== undefined)).toEqual([true, true, false]);
  });
});
