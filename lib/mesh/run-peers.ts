import { AnodeError } from "../errors.js";
import type { RunManager } from "../runs/manager.js";
import { isTerminal } from "../runs/transitions.js";

/** Refuses to make a peer of a run that cannot receive messages. @throws `run_takes_no_input`, `invalid_request` */
export async function checkRunPeer(manager: RunManager, run_id: string | undefined): Promise<void> {
  if (run_id === undefined) throw new AnodeError("invalid_request", "run_id must name the run of a peer with the backend run.");
  const run = await manager.get(run_id).catch(() => undefined);
  if (!run) throw takesNone("There is no such run.");
  if (isTerminal(run.status)) throw takesNone(`The run is ${run.status}.`);
  if (!manager.takesInput(run_id)) throw takesNone("The run has no follow-up input, or has closed it; start it with keep_open.");
}

function takesNone(detail: string): AnodeError {
  return new AnodeError("run_takes_no_input", detail);
}
