import type { EventPayloads } from "../../lib/events/event-payloads.js";
import type { NormalRequest } from "../../lib/runs/normal-request.js";

/** What an agent with threads tells at its start. */
export function agentInit({ approval_mode, session_id = "T-1" }: NormalRequest): EventPayloads["system.init"] {
  return {
    profile_name: "craft",
    web_enabled: false,
    tools: [],
    permission: { context: "embedded", approval_mode },
    cwd: "/",
    executor: "agent",
    session_id,
  };
}

/** A process that is long gone. */
export const processStarted: EventPayloads["process.started"] = {
  pid: 42,
  start_ticks: 7,
  boot_id: "b",
  argv: ["true"],
  cwd: "/",
  containment: "group",
  env_names: [],
};
