import * as z from "zod";
import { attachmentRef } from "../../attachments/schema.js";
import { later } from "../../later.js";
import { flag, integer, word } from "./query.js";

const byId = later(() => z.strictObject({ id: word }));
const filename = later(() => z.string().max(4096));

/** Input and output of the operations of attachments; the file itself comes and goes beside them. */
export const attachmentSchemas = {
  "attachments.upload": { input: later(() => z.strictObject({})), output: attachmentRef },
  "attachments.put": { input: later(() => z.strictObject({ filename: filename.exactOptional() })), output: attachmentRef },
  "attachments.list": {
    input: later(() => z.strictObject({ limit: integer(1, 1000).exactOptional(), cursor: z.string().max(256).exactOptional() })),
    output: later(() => z.strictObject({ attachments: z.array(attachmentRef), next_cursor: z.string().exactOptional() })),
  },
  "attachments.info": { input: byId, output: attachmentRef },
  "attachments.download": {
    input: later(() => z.strictObject({ id: word, inline: flag.exactOptional() })),
    output: later(() => z.unknown()),
  },
  "attachments.remove": { input: byId, output: later(() => z.strictObject({ removed: z.literal(true) })) },
};
