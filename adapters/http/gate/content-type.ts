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

/**
 * Stage 9 for bodies of any type: at most one header.
 * @throws `unsupported_media_type`
 */
export function checkOneType(headers: HeaderMap): void {
  if ((headers.get("content-type")?.length ?? 0) > 1) throw unsupported("The body must have at most one Content-Type.", "*/*");
}

const boundaryParameter = /^boundary=("?)([0-9a-z'()+_,./:=? -]{0,69}[0-9a-z'()+_,./:=?-])\1$/i;

/**
 * Stage 9 for forms: one header, essence exactly `multipart/form-data`, one boundary, which it gives.
 * @throws `unsupported_media_type`
 */
export function formBoundary(headers: HeaderMap): string {
  const values = headers.get("content-type");
  const [essence = "", ...parameters] = (values?.[0] ?? "").split(";").map((part) => part.trim());
  const boundaries = parameters.filter((text) => /^boundary/i.test(text)).map((text) => boundaryParameter.exec(text)?.[2]);
  const [boundary] = boundaries;
  const isForm = values?.length === 1 && essence.toLowerCase() === "multipart/form-data";
  if (isForm && boundaries.length === 1 && boundary !== undefined) return boundary;
  throw unsupported("The body must have exactly one Content-Type, multipart/form-data with a boundary.", "multipart/form-data");
}

function unsupported(sentence: string, accept: string): AnodeError {
  return new AnodeError("unsupported_media_type", sentence, { details: { accept } });
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
