import { isAnodeError } from "../../lib/errors.js";
import type { OperationCaller } from "./operation-caller.js";

/** A call without effect that tells whether a part of the contract is served, and the nouns that come and go with it. */
const parts = [
  { probe: { name: "peers.whoami", input: {} }, nouns: ["peers", "circles", "asks", "messages", "deliveries", "session", "traces"] },
  { probe: { name: "attachments.list", input: { limit: 1 } }, nouns: ["attachments"] },
] as const;

/** The nouns whose operations are not served: a manager without a mesh has no peers. */
export async function absentNouns(client: OperationCaller): Promise<ReadonlySet<string>> {
  const absent = await Promise.all(
    parts.map(async ({ probe: { name, input }, nouns }) => ((await isServed(client, name, input)) ? [] : nouns)),
  );
  return new Set([...absent.flat(), ...(client.files ? [] : ["attachments"])]);
}

async function isServed(client: OperationCaller, ...[name, input]: Parameters<OperationCaller["call"]>): Promise<boolean> {
  try {
    await client.call(name, input);
    return true;
  } catch (error) {
    return !isAnodeError(error) || error.code !== "not_supported";
  }
}
