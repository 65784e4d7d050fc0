import { version } from "../version.js";
import { operations } from "./index.js";
import { toOpenApi } from "./openapi.js";
import { operationSchemas } from "./schemas.js";

let drawn: Readonly<Record<string, unknown>> | undefined;

/** The contract as an OpenAPI 3.1 document; drawn once, when it is first asked for. */
export function openApiDocument(): Readonly<Record<string, unknown>> {
  drawn ??= toOpenApi(operations, operationSchemas, version);
  return drawn;
}
