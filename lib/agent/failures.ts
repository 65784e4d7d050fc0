import { AnodeError, type ErrorCode, isAnodeError } from "../errors.js";

/** An error of a provider, as far as the SDK tells it apart; recognised by its shape, so that no copy of the SDK matters. */
interface ProviderError extends Error {
  readonly statusCode?: number;
  readonly isRetryable?: boolean;
  readonly responseHeaders?: Readonly<Record<string, string>>;
  readonly responseBody?: string;
}

/** A model that sent nothing for too long. */
export class SilentModelError extends Error {
  /** Before its first output a call can be repeated. */
  readonly hadBegun: boolean;

  constructor(hadBegun: boolean, ms: number) {
    super(`The model sent ${hadBegun ? "nothing more" : "no output"} for ${ms} ms.`);
    this.name = "SilentModelError";
    this.hadBegun = hadBegun;
  }
}

const overflowStatuses = new Set([400, 413, 422, undefined]);
const overflowText =
  /context[ _-]?(length|window|limit)|maximum (context|prompt)|prompt is too long|too many (input )?tokens|exceeds? the (maximum|limit|context)|input is too long|request too large/i;

/** True when a call that has brought no output may succeed if it is made again. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof SilentModelError) return !error.hadBegun;
  if (!isProviderError(error)) return false;
  const { statusCode } = error;
  if (statusCode === undefined) return error.isRetryable === true;
  return statusCode === 408 || statusCode === 409 || statusCode === 429 || statusCode >= 500;
}

/** The status with which a provider refused. */
export function statusOf(error: unknown): number | undefined {
  return isProviderError(error) ? error.statusCode : undefined;
}

/** Milliseconds that a provider asks to wait, as its headers say. */
export function retryAfterMs(error: unknown, nowMs: number): number | undefined {
  const headers = isProviderError(error) ? error.responseHeaders : undefined;
  const exact = Number.parseFloat(headers?.["retry-after-ms"] ?? "");
  if (Number.isFinite(exact)) return Math.max(0, exact);
  const text = headers?.["retry-after"];
  if (text === undefined) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** How the run ends because of an error: its `error_code` and one sentence. */
export function toFailure(error: unknown): AnodeError {
  if (isAnodeError(error)) return error;
  const status = statusOf(error);
  const code: ErrorCode = status === 401 || status === 403 ? "model_auth" : isOverflow(error) ? "context_overflow" : "model_error";
  return new AnodeError(code, describe(error), { cause: error });
}

/** What an error says, with the status before it. */
export function describe(error: unknown): string {
  const status = statusOf(error);
  const { message = typeof error === "string" ? error : JSON.stringify(error) } = (error ?? {}) as { message?: string };
  return `${status === undefined ? "" : `${status}: `}${(String(message) || "The model failed without a word.").slice(0, 2000)}`;
}

/** True when the provider says that the conversation no longer fits. */
export function isOverflow(error: unknown): boolean {
  if (!(error instanceof Error) || !overflowStatuses.has(statusOf(error))) return false;
  return overflowText.test(error.message) || (isProviderError(error) && overflowText.test(error.responseBody ?? ""));
}

function isProviderError(error: unknown): error is ProviderError {
  return error instanceof Error && ("statusCode" in error || "isRetryable" in error);
}
