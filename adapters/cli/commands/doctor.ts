import { messageOf } from "../../../lib/thrown.js";
import { homeOf, resumeAdmission } from "../../daemon/index.js";
import type { Command, Context } from "../context.js";
import { type CommandLine, misuse } from "../command-line.js";
import { daemonChecks } from "../doctor/daemon-checks.js";
import { type Check, fail, type Finding, type Subject } from "../doctor/finding.js";
import { homeChecks } from "../doctor/home-checks.js";
import { hostChecks } from "../doctor/host-checks.js";
import { meshChecks } from "../doctor/mesh-checks.js";
import { doctorPeer } from "../doctor/peer-doctor.js";
import { storeChecks } from "../doctor/store-checks.js";
import { withClient } from "../open-client.js";
import { formatTable } from "../table.js";

const checks: readonly Check[] = [...hostChecks, ...homeChecks, ...storeChecks, ...daemonChecks, ...meshChecks];

/** `anode doctor`: one line for each check; exit 1 when one fails. With a peer it is that peer that is looked at. */
export const run: Command = async (line, context) => {
  const [peer] = [...line.words, ...line.rest];
  if (peer !== undefined) {
    for (const name of ["resume", "deep"] as const) if (line.has(name)) throw misuse(`--${name} is not for a peer.`);
    return doctorPeer(peer, line, context);
  }
  for (const name of ["fix", "circle"] as const) if (line.has(name)) throw misuse(`--${name} needs a peer.`);
  if (line.has("resume")) await liftPause(context);
  const subject = await lookAt(line, context);
  const results: (Finding & { readonly name: string })[] = [];
  for (const check of checks) results.push({ name: check.name, ...(await findingOf(check, subject)) });
  if (line.has("json")) context.output.json({ checks: results });
  else
    context.output.data(
      formatTable(
        ["CHECK", "STATUS", "DETAIL"],
        results.map(({ name, status, detail }) => [name, status, detail]),
      ),
    );
  return results.some(({ status }) => status === "fail") ? 1 : 0;
};

async function lookAt(line: CommandLine, context: Context): Promise<Subject> {
  const common = { env: context.env, isDeep: line.has("deep") };
  try {
    return { ...common, daemon: await withClient(line, context, (client) => client.status({}, { retries: 0 })) };
  } catch (refusal) {
    return { ...common, refusal };
  }
}

async function findingOf(check: Check, subject: Subject): Promise<Finding> {
  try {
    return await check.find(subject);
  } catch (error) {
    return fail(messageOf(error));
  }
}

/** A daemon that started too often in a row starts no runs until somebody has looked; it watches the file that says so. */
async function liftPause({ env, output }: Context): Promise<void> {
  resumeAdmission(homeOf(env).starts);
  output.note("runs may start again");
}
