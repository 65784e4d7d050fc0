import * as z from "zod";
import { later } from "../later.js";

/** What is traced. */
export const traceKind = later(() => z.enum(["ask", "notify", "broadcast", "reply"]));
export type TraceKind = z.infer<typeof traceKind>;

/** One thing that was seen to happen to a message, by the party that saw it. */
export const traceStage = later(() =>
  z.strictObject({
    seq: z.int(),
    stage: z.string(),
    status: z.enum(["ok", "fail"]),
    time: z.string(),
    peer_id: z.string().exactOptional(),
    from_peer_id: z.string().exactOptional(),
    detail: z.record(z.string(), z.unknown()).exactOptional(),
  }),
);
export type TraceStage = z.infer<typeof traceStage>;

export const trace = later(() => z.strictObject({ trace_id: z.string(), kind: traceKind, stages: z.array(traceStage) }));
export type Trace = z.infer<typeof trace>;
