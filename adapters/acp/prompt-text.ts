import type { ContentBlock } from "./sdk.js";

/** The blocks of a prompt as one text; `undefined` when one of them is none that a run takes. */
export function promptText(blocks: readonly ContentBlock[]): string | undefined {
  const parts = blocks.map(textOf);
  return parts.some((part) => part === undefined) ? undefined : parts.join("\n");
}

function textOf(block: ContentBlock): string | undefined {
  if (block.type === "text") return block.text;
  if (block.type === "resource_link") return `[${block.title ?? block.name}](${block.uri})`;
  if (block.type !== "resource" || !("text" in block.resource)) return undefined;
  return `${block.resource.uri}:\n${block.resource.text}`;
}
