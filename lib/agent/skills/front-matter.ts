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
    const mark = line.indexOf(":");
    const name = line.slice(0, Math.max(0, mark));
    const value = line.slice(mark + 1);
    if (/^[A-Za-z][\w-]*$/.test(name) && (value.trim() === "" || /^\s/.test(value))) {
      open = name;
      fields[name] = /^[|>][+-]?$/.test(value.trim()) ? "" : unquoted(value.trim());
    } else if (open !== undefined && /^\s+\S/.test(line)) fields[open] = `${fields[open] ?? ""} ${line.trim()}`.trim();
  }
  return { fields, body: lines.slice(end + 1).join("\n") };
}

function unquoted(value: string): string {
  const quote = value[0];
  return (quote === '"' || quote === "'") && value.length > 1 && value.endsWith(quote) ? value.slice(1, -1) : value;
}
