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

/** One of many that were meant by a call is no peer, or one out of reach. */
export function resolveFailed(code: string, { peer, to_peer_id }: { readonly peer?: string; readonly to_peer_id?: string }) {
  const named = to_peer_id === undefined ? {} : { peer_id: to_peer_id };
  return { stage: "resolve_failed", status: "fail" as const, ...named, detail: { code, ...(peer !== undefined && { peer }) } };
}

export const trace = later(() => z.strictObject({ trace_id: z.string(), kind: traceKind, stages: z.array(traceStage) }));
export type Trace = z.infer<typeof trace>;
