import { choicesOf, pathGlob } from "../../path-glob.js";
import { readFrontMatter } from "../skills/front-matter.js";

/** How much a finding of a check matters. */
export type Severity = "error" | "warning" | "info";

/** Something a workspace wants every change looked at for. */
export interface Check {
  readonly name: string;
  /** One line. */
  readonly description: string;
  readonly severity: Severity;
  /** Whether it is about a path, given relative to the folder that holds `.agents`. */
  fits(path: string): boolean;
  /** Names or globs; absent = all of the profile. */
  readonly tools?: readonly string[];
  /** What to look for, in its author's words. */
  readonly body: string;
}

const severities: readonly string[] = ["error", "warning", "info"];

/** Reads the text of a check's file. @throws Error saying what is wrong with it */
export function readCheck(text: string, fileName: string): Check {
  const { body, fields } = readFrontMatter(text);
  const { name = fileName, severity = fields["severity-default"] ?? "warning" } = fields;
  const [description = ""] = [
    fields["description"] ??
      body
        .trim()
        .split("\n")[0]
        ?.replace(/^#+\s*/, ""),
  ];
  if (name === "" || /[/\\]/.test(name)) throw new Error(`its name must be without slashes, got ${JSON.stringify(name.slice(0, 64))}`);
  if (!severities.includes(severity)) {
    throw new Error(`its severity must be one of ${severities.join(", ")}, got ${JSON.stringify(severity.slice(0, 64))}`);
  }
  if (body.trim() === "") throw new Error("it says nothing below its head");
  const globs = listOf(fields["paths"] ?? fields["path"]);
  const tools = listOf(fields["tools"]);
  const tests = globs?.map(pathTest);
  return {
    name,
    description,
    severity: severity as Severity,
    fits: (path) => tests?.some((test) => test(path)) ?? true,
    ...(tools && { tools }),
    body,
  };
}

/** A glob without a slash is about a file's name, wherever it lies. */
function pathTest(glob: string): (path: string) => boolean {
  const plain = glob.replace(/^\.?\//, "");
  const fits = choicesOf(plain.includes("/") ? plain : `**/${plain}`).map(pathGlob);
  return (path) => fits.some((fit) => fit(path));
}

/** A comma list, with or without brackets; a comma within braces is a glob's own. */
function listOf(value: string | undefined): string[] | undefined {
  const text = value?.trim() ?? "";
  const inner = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  const named = splitAtCommas(inner)
    .map((item) => unquoted(item.trim()))
    .filter((item) => item !== "");
  return named.length > 0 ? named : undefined;
}

function splitAtCommas(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    else if (text[at] === "}") depth = Math.max(0, depth - 1);
    else if (text[at] === "," && depth === 0) {
      items.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...items, text.slice(start)];
}

function unquoted(text: string): string {
  const quote = text[0];
  return text.length > 1 && (quote === '"' || quote === "'") && text.endsWith(quote) ? text.slice(1, -1) : text;
}
