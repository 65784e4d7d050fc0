import type { Attachments } from "../../attachments/attachments.js";
import { downloadHeaders, sentType } from "../../attachments/media.js";
import { AnodeError } from "../../errors.js";
import type { CallBody, CallContext, Result, Services } from "../operation.js";
import type { ValidInput } from "../schemas.js";
import { fromCursor, toCursor } from "./pages.js";

/** The operations of attachments. */
export function createAttachmentServices(attachments: Attachments): Services {
  const upload = async (filename: string | undefined, { body, caller, signal }: CallContext): Promise<Result> => ({
    status: 201,
    body: await attachments.upload(given(body), caller, filename, signal),
  });

  return {
    "attachments.upload": (_: ValidInput<"attachments.upload">, context: CallContext) => upload(undefined, context),
    "attachments.put": ({ filename }: ValidInput<"attachments.put">, context: CallContext) => upload(filename, context),
    "attachments.list": async ({ limit = 100, cursor }: ValidInput<"attachments.list">, { caller }: CallContext) => {
      const { attachments: items, next } = await attachments.list(caller, { limit, before: fromCursor(cursor) });
      return { status: 200, body: { attachments: items, ...(next !== undefined && { next_cursor: toCursor(next) }) } };
    },
    "attachments.info": async ({ id }: ValidInput<"attachments.info">, { caller }: CallContext) => ({
      status: 200,
      body: await attachments.info(id, caller),
    }),
    "attachments.download": async ({ id, inline = false }: ValidInput<"attachments.download">, { caller }: CallContext) => {
      const { ref, body, size_bytes, isImage } = await attachments.download(id, caller);
      return {
        status: 200,
        stream: { contentType: sentType(ref.content_type), body, length: size_bytes },
        headers: downloadHeaders(ref, inline && isImage),
      };
    },
    "attachments.remove": async ({ id }: ValidInput<"attachments.remove">, { caller }: CallContext) => {
      await attachments.remove(id, caller);
      return { status: 200, body: { removed: true } };
    },
  } as unknown as Services;
}

/** @throws `invalid_request` for a call in process without one */
function given(body: CallBody | undefined): CallBody {
  if (body) return body;
  throw new AnodeError("invalid_request", "This operation needs the bytes of a file.");
}
