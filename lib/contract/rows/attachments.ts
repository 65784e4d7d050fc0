import type { Operation } from "../operation.js";

const none = { aliases: [], body: "none", limit_bytes: 0, idempotent: false, reply: "json" } as const;
// A repeated upload is a new attachment.
const upload = {
  aliases: [],
  method: "POST",
  limit_bytes: 25 * 1024 * 1024,
  idempotent: false,
  reply: "json",
  scope: "control",
  success: 201,
  codes: ["attachment_too_large", "attachment_storage_full", "storage_full", "not_supported"],
} as const;

/** The operations of attachments. */
export const attachmentRows: readonly Operation[] = [
  {
    ...upload,
    name: "attachments.upload",
    path: "/attachments",
    body: "multipart",
    summary: "Upload a file as the one part `file` of a form.",
  },
  {
    ...upload,
    name: "attachments.put",
    path: "/attachments/raw",
    body: "bytes",
    tool: "attachment_put",
    summary: "Upload a file as the bytes of the body.",
  },
  {
    ...none,
    name: "attachments.list",
    method: "GET",
    path: "/attachments",
    scope: "read",
    success: 200,
    codes: ["invalid_cursor", "not_supported"],
    items: "attachments",
    summary: "List attachments, newest first.",
  },
  {
    ...none,
    name: "attachments.info",
    method: "GET",
    path: "/attachments/{id}/info",
    scope: "read",
    success: 200,
    codes: ["attachment_not_found", "attachment_expired", "not_supported"],
    summary: "Get what is known of an attachment.",
  },
  {
    ...none,
    name: "attachments.download",
    method: "GET",
    path: "/attachments/{id}",
    scope: "read",
    success: 200,
    codes: ["attachment_not_found", "attachment_expired", "not_supported"],
    reply: "bytes",
    tool: "attachment_get",
    summary: "Download the bytes of an attachment.",
  },
  {
    ...none,
    name: "attachments.remove",
    method: "DELETE",
    path: "/attachments/{id}",
    scope: "control",
    success: 200,
    codes: ["attachment_not_found", "attachment_expired", "attachment_in_use", "storage_full", "not_supported"],
    summary: "Remove an attachment that nothing open refers to.",
  },
];
