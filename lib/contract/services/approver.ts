import { type Caller, hasScope } from "../../caller.js";
import { AnodeError } from "../../errors.js";

/**
 * Whoever counts as an approver while it reads must be able to approve.
 * @throws `scope_required`, `caller_is_a_run`
 */
export async function assertApprover(caller: Caller): Promise<void> {
  if (!hasScope(caller, "approve"))
    throw new AnodeError("scope_required", "This needs the scope approve.", { details: { scope: "approve" } });
  await assertNoRun(caller);
}

/**
 * What takes a power without a token is only for a process that is no run's.
 * @throws `caller_is_a_run`
 */
export async function assertNoRun(caller: Caller): Promise<void> {
  if (!caller.prove || (await caller.prove())) return;
  throw new AnodeError("caller_is_a_run", "Without a token this is only for a process that is no run's.", {
    details: { hint: "Use the Unix socket or a token." },
  });
}
