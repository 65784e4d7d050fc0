import type * as acp from "@agentclientprotocol/sdk";
import { AnodeError } from "../errors.js";
import { isMissingPackage } from "../thrown.js";

/** The optional package of the protocol. Only this file imports it. */
export type Sdk = Pick<typeof acp, "client" | "RequestError" | "PROTOCOL_VERSION">;

export type CreateElicitationRequest = acp.CreateElicitationRequest;
export type CreateElicitationResponse = acp.CreateElicitationResponse;
export type InitializeResponse = acp.InitializeResponse;
export type McpServer = acp.McpServer;
export type NewSessionResponse = acp.NewSessionResponse;
export type PermissionOption = acp.PermissionOption;
export type PromptResponse = acp.PromptResponse;
export type ReadTextFileRequest = acp.ReadTextFileRequest;
export type RequestPermissionRequest = acp.RequestPermissionRequest;
export type RequestPermissionResponse = acp.RequestPermissionResponse;
export type SessionConfigOption = acp.SessionConfigOption;
export type Stream = acp.Stream;
export type WriteTextFileRequest = acp.WriteTextFileRequest;

const packageName = "@agentclientprotocol/sdk";
const importSdk = (): Promise<Sdk> => import("@agentclientprotocol/sdk");

/**
 * Loads the package when it is first needed.
 * @throws `executor_unavailable` naming the package and the command that installs it
 */
export async function loadSdk(load: () => Promise<Sdk> = importSdk): Promise<Sdk> {
  try {
    return await load();
  } catch (error) {
    if (!isMissingPackage(error)) throw error;
    throw new AnodeError("executor_unavailable", `Foreign agents need the package ${packageName}, which is not installed.`, {
      cause: error,
      details: { package: packageName, hint: `npm install ${packageName}` },
    });
  }
}
