import type * as acp from "@agentclientprotocol/sdk";
import { AnodeError } from "../../lib/errors.js";
import { isMissingPackage } from "../../lib/thrown.js";

/** The part of the optional package that serves the protocol. */
export type Sdk = Pick<typeof acp, "agent" | "ndJsonStream" | "RequestError">;

export type AgentApp = acp.AgentApp;
export type AgentContext = acp.AgentContext;
export type ClientCapabilities = acp.ClientCapabilities;
export type ContentBlock = acp.ContentBlock;
export type PromptResponse = acp.PromptResponse;
export type RequestPermissionRequest = acp.RequestPermissionRequest;
export type SessionUpdate = acp.SessionUpdate;
export type StopReason = acp.StopReason;

const packageName = "@agentclientprotocol/sdk";

/**
 * Loads the package.
 * @throws `not_supported` naming it and the command that installs it
 */
export async function loadSdk(load: () => Promise<Sdk> = () => import("@agentclientprotocol/sdk")): Promise<Sdk> {
  try {
    return await load();
  } catch (error) {
    if (!isMissingPackage(error)) throw error;
    throw new AnodeError("not_supported", `The ACP door needs the package ${packageName}, which is not installed.`, {
      cause: error,
      details: { ability: "acp", package: packageName, hint: `npm install ${packageName}` },
    });
  }
}
