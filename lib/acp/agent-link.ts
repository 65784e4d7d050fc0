import { codeOf, messageOf } from "../thrown.js";
import { isAddressed, isCall, type MessageStream } from "./messages.js";
import type {
  CreateElicitationRequest,
  CreateElicitationResponse,
  ReadTextFileRequest,
  RequestPermissionRequest,
  RequestPermissionResponse,
  Sdk,
  Stream,
  WriteTextFileRequest,
} from "./sdk.js";

/** What an agent may want of us. */
export interface AgentListener {
  /** `session/update`, in the order of arrival and before any answer that was sent after it. */
  update(params: unknown): void;
  /** A message we have no use for. */
  stray(message: unknown): void;
  /** Pending while no more should be read. */
  room(): Promise<void> | undefined;
  permission(request: RequestPermissionRequest): Promise<RequestPermissionResponse>;
  elicitation(request: CreateElicitationRequest): Promise<CreateElicitationResponse>;
  readFile(request: ReadTextFileRequest): Promise<{ content: string }>;
  writeFile(request: WriteTextFileRequest): Promise<void>;
}

/** The line to one agent. */
export interface AgentLink {
  /** @throws {@link RefusedByAgent}; {@link LinkClosed} when the agent is gone */
  request<Result>(method: string, params: object, onSent?: () => void): Promise<Result>;
  notify(method: string, params: object): Promise<void>;
  /** Resolves when the agent has closed its end, or we ours. */
  readonly closed: Promise<void>;
  close(): void;
}

/** The agent answered a request with an error. */
export class RefusedByAgent extends Error {
  /** The JSON-RPC code. */
  readonly code: number;
  readonly data: unknown;

  constructor(message: string, code: number, data: unknown) {
    super(message);
    this.name = "RefusedByAgent";
    this.code = code;
    this.data = data;
  }
}

/** The line is closed: the agent is gone. */
export class LinkClosed extends Error {
  constructor() {
    super("The agent is gone.");
    this.name = "LinkClosed";
  }
}

const resourceNotFound = -32_002;
const invalidParams = -32_602;

/** Opens the line over a pair of message streams. */
export function openLink(sdk: Sdk, stream: MessageStream, listener: AgentListener): AgentLink {
  const sent: { readonly method: string; readonly tell: () => void }[] = [];
  const served = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      return await work;
    } catch (error) {
      const isMissing = codeOf(error) === "ENOENT";
      throw new sdk.RequestError(isMissing ? resourceNotFound : invalidParams, messageOf(error));
    }
  };
  const app = sdk
    .client({ name: "anode" })
    .onRequest("session/request_permission", ({ params }) => listener.permission(params))
    .onRequest("elicitation/create", ({ params }) => listener.elicitation(params))
    .onRequest("fs/read_text_file", ({ params }) => served(listener.readFile(params)))
    .onRequest("fs/write_text_file", ({ params }) => served(listener.writeFile(params)));
  const connection = app.connect({
    readable: ReadableStream.from(addressed(stream.readable, listener)),
    writable: noting(stream.writable, (method) => {
      const at = sent.findIndex((entry) => entry.method === method);
      if (at >= 0) sent.splice(at, 1)[0]?.tell();
    }),
  } as Stream);

  return {
    async request<Result>(method: string, params: object, onSent?: () => void) {
      if (onSent) sent.push({ method, tell: onSent });
      try {
        return await connection.agent.request<Result>(method, params);
      } catch (error) {
        if (error instanceof sdk.RequestError && !connection.signal.aborted)
          throw new RefusedByAgent(error.message, error.code, error.data);
        throw new LinkClosed();
      }
    },
    notify: (method, params) => connection.agent.notify(method, params).catch(() => {}),
    closed: connection.closed,
    close: () => connection.close(),
  };
}

/** Lets requests and answers pass. Updates are taken out here, so that none is overtaken by the answer that follows it. */
async function* addressed(source: ReadableStream<unknown>, listener: AgentListener): AsyncGenerator<unknown, void> {
  for await (const message of source) {
    if (isAddressed(message) || (isCall(message) && message.method === "$/cancel_request")) yield message;
    else if (isCall(message) && message.method === "session/update") listener.update(message.params);
    else listener.stray(message);
    await listener.room();
  }
}

/** Tells the method of each message once it was written. */
function noting(target: WritableStream<unknown>, written: (method: string) => void): WritableStream<unknown> {
  const writer = target.getWriter();
  return new WritableStream({
    async write(message) {
      await writer.write(message);
      if (isCall(message)) written(message.method);
    },
    close: () => writer.close(),
    abort: (reason) => writer.abort(reason),
  });
}
