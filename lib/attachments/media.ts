import type { AttachmentRef } from "./schema.js";

const essence = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$/;
const anyBytes = "application/octet-stream";

/** Types of which no reader makes anything that acts; the text ones with the one encoding that leaves nothing to guess. */
const inertTypes: Readonly<Record<string, string>> = Object.fromEntries([
  ...["text/plain", "text/csv", "text/markdown"].map((type) => [type, `${type}; charset=utf-8`]),
  ...["application/json", "application/x-ndjson", "application/zip", "application/gzip", "application/x-tar"].map((type) => [type, type]),
  ...["image/png", "image/jpeg", "image/gif", "image/webp"].map((type) => [type, type]),
  ...["audio/mpeg", "audio/ogg", "audio/wav", "video/mp4", "video/webm"].map((type) => [type, type]),
]);

/** The type to keep of what an uploader declared: without parameters, in lower case; anything odd is plain bytes. */
export function storedType(declared: string | undefined): string {
  const type = declared?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return essence.test(type) ? type : anyBytes;
}

/** So many first bytes tell an image. */
export const magicBytes = 12;

/** The image type that the first bytes are of, among those a browser may show. */
export function imageTypeOf(start: Uint8Array): string | undefined {
  const text = String.fromCharCode(...start.subarray(0, magicBytes));
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (text.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (text.startsWith("GIF87a") || text.startsWith("GIF89a")) return "image/gif";
  return text.startsWith("RIFF") && text.slice(8, 12) === "WEBP" ? "image/webp" : undefined;
}

/** What the bytes of an attachment are sent as. */
export function sentType(declared: string): string {
  return Object.hasOwn(inertTypes, declared) ? (inertTypes[declared] as string) : anyBytes;
}

/** The headers of a download, beside type and length: a browser saves it, and gives it no power of any page. */
export function downloadHeaders({ filename, sha256 }: AttachmentRef, inline: boolean): Record<string, string> {
  return {
    "Content-Disposition": disposition(inline ? "inline" : "attachment", filename),
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    ETag: `"${sha256}"`,
  };
}

// One name for readers that know ASCII alone, and the real one; nothing of either can end its place.
function disposition(kind: "inline" | "attachment", filename: string): string {
  const ascii = filename.replace(/[^\x20-\x7e]|["\\%]/gu, "_");
  const encoded = encodeURIComponent(filename).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
