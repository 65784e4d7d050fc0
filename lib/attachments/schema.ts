import * as z from "zod";
import { later } from "../later.js";

/** Attachments of one message, ask or answer. */
export const mostAttachments = 16;

/** What is told of an attachment: the stored record, never the caller, says name, size and type. */
export const attachmentRef = later(() =>
  z.strictObject({
    id: z.string(),
    filename: z.string(),
    size_bytes: z.int(),
    /** As its uploader called it; it is not what a download is sent as. */
    content_type: z.string(),
    /** Of the bytes, lower-case hex. */
    sha256: z.string(),
    created_at: z.string(),
    /** Later, as long as something open refers to it. */
    expires_at: z.string(),
    /** The file itself, for callers of the daemon's own user on its host; to be read only. */
    path: z.string().exactOptional(),
  }),
);
export type AttachmentRef = z.infer<typeof attachmentRef>;

/** The field `attachments` of whatever refers to some: ids, or objects that name one. */
export const attachmentList = later(() =>
  z
    .array(z.union([z.string().min(1).max(128), z.strictObject({ id: z.string().min(1).max(128) }).transform(({ id }) => id)]))
    .max(mostAttachments),
);
