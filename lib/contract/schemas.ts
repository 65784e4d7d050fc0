import type * as z from "zod";
import { askSchemas } from "./schemas/asks.js";
import { attachmentSchemas } from "./schemas/attachments.js";
import { daemonSchemas } from "./schemas/daemon.js";
import { eventSchemas } from "./schemas/events.js";
import { messageSchemas } from "./schemas/messages.js";
import { paneSchemas } from "./schemas/panes.js";
import { peerSchemas } from "./schemas/peers.js";
import { questionSchemas } from "./schemas/questions.js";
import { runSchemas } from "./schemas/runs.js";

/** The schemas of every operation, by name. */
export const operationSchemas = {
  ...runSchemas,
  ...questionSchemas,
  ...peerSchemas,
  ...askSchemas,
  ...messageSchemas,
  ...attachmentSchemas,
  ...paneSchemas,
  ...eventSchemas,
  ...daemonSchemas,
};

/** Names of the contract's operations. */
export type OperationName = keyof typeof operationSchemas;

/** What an operation takes: path parameters, query or body in one object. */
export type OperationInput<Name extends OperationName> = z.input<(typeof operationSchemas)[Name]["input"]>;

/** What a service gets of it after validation. */
export type ValidInput<Name extends OperationName> = z.output<(typeof operationSchemas)[Name]["input"]>;

/** What an operation answers. */
export type OperationOutput<Name extends OperationName> = z.output<(typeof operationSchemas)[Name]["output"]>;
