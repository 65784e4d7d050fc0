import { AnodeError, type Executor, isAnodeError, type Outcome } from "../../lib/index.js";
import { type Redaction, secretsOf } from "./redaction.js";

/** The same executor: while a run lasts the secrets of its own environment are known, and its outcome shows none. */
export function redactedExecutor(executor: Executor, redaction: Redaction): Executor {
  return {
    ...executor,
    async execute(context): Promise<Outcome> {
      const { env, template } = context.request;
      const forget = redaction.add(secretsOf({ ...template?.env, ...env }));
      try {
        return redaction.value(await executor.execute(context));
      } catch (error) {
        throw withoutSecrets(error, redaction);
      } finally {
        forget();
      }
    },
  };
}

function withoutSecrets(error: unknown, redaction: Redaction): unknown {
  if (!(error instanceof Error)) return error;
  const message = redaction.text(error.message);
  if (message === error.message) return error;
  return isAnodeError(error)
    ? new AnodeError(error.code, message, { ...(error.details && { details: redaction.value(error.details) }) })
    : new Error(message);
}
