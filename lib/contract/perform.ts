import { hasScope } from "../caller.js";
import { AnodeError } from "../errors.js";
import { type Parser, parseWith } from "../parse.js";
import type { IdempotencyKeys } from "../store/idempotency.js";
import { wellFormed } from "../well-formed.js";
import { assertNoRun } from "./services/approver.js";
import type { CallContext, Operation, Result, Services } from "./operation.js";
import { type OperationName, operationSchemas } from "./schemas.js";

/** Validates, authorises and runs one operation: the one way to a service, for every carrier. */
export type Perform = (operation: Operation, input: Record<string, unknown>, context: CallContext) => Promise<Result>;

/** Binds the contract to services. */
export function createPerform(services: Services, idempotency: IdempotencyKeys): Perform {
  return async (operation, input, context) => {
    authorize(operation, context);
    if (isPower(operation)) await assertNoRun(context.caller);
    const schema: Parser<unknown> = operationSchemas[operation.name as OperationName].input;
    const valid = parseWith(schema, wellFormed(input));
    const handler = services[operation.name];
    if (!handler) {
      throw new AnodeError("not_supported", `${operation.name} is not served here.`, { details: { ability: operation.name } });
    }
    const key = operation.idempotent ? context.idempotencyKey : undefined;
    if (key === undefined) return handler(valid as never, context);
    const path = filled(operation.path, valid as Record<string, unknown>);
    const scope = { callerId: context.caller.id, operation: operation.name, key, request: { body: valid, path } };
    const { reply, replayed } = await idempotency.once(scope, async (entry) => {
      const { status, body } = await handler(valid as never, { ...context, keep: entry });
      return { status, body };
    });
    return { ...reply, ...(replayed && { headers: { "Idempotency-Replayed": "true" } }) };
  };
}

/** The path with its parameters in place. */
function filled(path: string, values: Readonly<Record<string, unknown>>): string {
  return path.includes("{") ? path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name])) : path;
}

/** @throws `scope_required` */
function authorize({ scope }: Operation, { caller }: CallContext): void {
  if (scope === "none" || scope === "any" || hasScope(caller, scope)) return;
  throw new AnodeError("scope_required", `This operation needs the scope ${scope}.`, { details: { scope } });
}

/** What no run may do, whatever its caller's scopes. */
function isPower({ name, scope }: Operation): boolean {
  return scope === "approve" || scope === "admin" || name === "runs.answer" || name === "questions.answer";
}
