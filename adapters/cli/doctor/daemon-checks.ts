import { isAnodeError } from "../../../lib/errors.js";
import { messageOf } from "../../../lib/thrown.js";
import { version } from "../../../lib/version.js";
import { capacityOf, descriptorLimit, homeOf, loadConfig } from "../../daemon/index.js";
import { type Check, fail, ok, skip, warn } from "./finding.js";

const shortToken = 16;

/** The configuration, and the daemon as it describes itself. */
export const daemonChecks: readonly Check[] = [
  {
    name: "config",
    find({ env }) {
      const { config, warnings } = loadConfig({ env, home: homeOf(env), cwd: process.cwd() });
      const length = config.daemon?.auth_token?.length;
      if (length !== undefined && length < shortToken)
        return warn(`daemon.auth_token has ${length} characters; ${shortToken} is the least that is safe`);
      return warnings.length > 0 ? warn(warnings.join("; ")) : ok("readable");
    },
  },
  {
    name: "daemon",
    find({ daemon, refusal }) {
      if (!daemon) return isAnodeError(refusal) && refusal.code === "connection_refused" ? skip("not running") : fail(messageOf(refusal));
      const { status, degraded, pid } = daemon;
      if (daemon["version"] !== version) return warn(`version ${String(daemon["version"])} runs, this program is ${version}`);
      if (status === "ok") return ok(`answers as process ${String(pid)}`);
      return warn(`${String(status)}: ${Array.isArray(degraded) ? degraded.join(", ") : "no reason given"}`);
    },
  },
  {
    name: "containment",
    find({ daemon }) {
      const containment = daemon?.["containment"] as { readonly level?: string; readonly available?: readonly string[] } | undefined;
      if (!containment) return skip("known to a running daemon only");
      const { level, available = [] } = containment;
      const detail = `${String(level)}; available: ${available.join(", ") || "none"}`;
      return level === "group" ? warn(`${detail}; a process that leaves its group is found by its mark only`) : ok(detail);
    },
  },
  {
    name: "descriptors",
    find({ env, daemon }) {
      const limit = descriptorLimit(typeof daemon?.["pid"] === "number" ? daemon["pid"] : "self");
      if (limit === undefined) return skip("this system does not tell how many there may be");
      const { config } = loadConfig({ env, home: homeOf(env), cwd: process.cwd() });
      const [wanted, has] = [capacityOf(config), capacityOf(config, limit)];
      const few = (["concurrency", "connections", "webSockets"] as const).filter((name) => has[name] < wanted[name]);
      if (few.length === 0) return ok(String(limit));
      const told = few.map((name) => `${name} ${has[name]} instead of ${wanted[name]}`).join(", ");
      return warn(`${limit} allow ${told}; raise the limit (ulimit -n) and start the daemon again`);
    },
  },
];
