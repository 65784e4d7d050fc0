/** The head of a Markdown file: `name: value` lines between two lines of dashes. */
export interface FrontMatter {
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Reads the head as far as it is plain: one line a field, quotes taken off; folded texts are joined. */
export function readFrontMatter(text: string): FrontMatter {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  if (lines[0]?.trimEnd() !== "---") return { fields: {}, body: text };
  const end = lines.findIndex((line, index) => index > 0 && line.trimEnd() === "---");
  if (end < 0) return { fields: {}, body: text };
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  let open: string | undefined;
  for (const line of lines.slice(1, end)) {
    const match = /^([A-Za-z][\w-]*):(?:\s+(.*))?$/.exec(line.trimEnd());
    if (match) {
      const [, name = "", value = ""] = match;
      open = name;
      fields[name] = /^[|>][+-]?$/.test(value) ? "" : unquoted(value);
    } else if (open !== undefined && /^\s+\S/.test(line)) fields[open] = `${fields[open] ?? ""} ${line.trim()}`.trim();
  }
  return { fields, body: lines.slice(end + 1).join("\n") };
}

function unquoted(value: string): string {
  const quoted = /^(["'])(.*)\1$/.exec(value.trim());
  return quoted?.[2] ?? value.trim();
}
