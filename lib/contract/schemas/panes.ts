import * as z from "zod";
import { later } from "../../later.js";
import { doctorReport, linkedPane, linkRequest, orphanPanes, rehookReport } from "../../panes/schema.js";
import { meshName, peerRef } from "../../peers/schema.js";
import { word } from "./query.js";

const addressed = () => ({ id: peerRef, circle: meshName.exactOptional() });

/** Input and output of the operations of panes. */
export const paneSchemas = {
  "panes.orphans": { input: later(() => z.strictObject({})), output: orphanPanes },
  "panes.link": { input: later(() => z.strictObject({ pane_id: word, ...linkRequest.shape })), output: linkedPane },
  "peers.doctor": { input: later(() => z.strictObject(addressed())), output: doctorReport },
  "peers.rehook": { input: later(() => z.strictObject({ ...addressed(), apply: z.boolean().exactOptional() })), output: rehookReport },
};
