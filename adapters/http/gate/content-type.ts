import { AnodeError } from "../../../lib/errors.js";
import type { HeaderMap } from "../headers.js";

const parameter = /^\s*([!#$%&'*+.^_`|~0-9a-z-]+)=("?)([!#$%&'*+.^_`|~0-9a-z:/-]*)\2\s*$/i;

/**
 * Stage 9 for JSON bodies: one header, essence exactly `application/json`, charset absent or UTF-8.
 * @throws `unsupported_media_type`
 */
export function checkJsonType(headers: HeaderMap): void {
  const values = headers.get("content-type");
  if (values?.length === 1 && isJsonType(values[0] as string)) return;
  throw new AnodeError("unsupported_media_type", "The body must have exactly one Content-Type, application/json in UTF-8.");
}

function isJsonType(value: string): boolean {
  if (value === "application/json") return true;
  const [essence = "", ...parameters] = value.split(";");
  if (essence.trim().toLowerCase() !== "application/json") return false;
  let charsets = 0;
  for (const text of parameters) {
    const match = parameter.exec(text);
    if (!match) return false;
    if (match[1]?.toLowerCase() !== "charset") continue;
    if (match[3]?.toLowerCase() !== "utf-8" || ++charsets > 1) return false;
  }
  return true;
}
