import * as z from "zod";
import { later } from "../../later.js";
import { parseByMembers } from "../../parse.js";
import { newToken, scope, session, tokenInfo, tokenRequest } from "../../tokens/schema.js";
import { integer, word } from "./query.js";

const nothing = later(() => z.strictObject({}));
// So the first answer of a daemon, which is its health, makes no schema.
parseByMembers(
  nothing,
  () => ({}),
  () => true,
);
const credential = (): z.ZodString => z.string().min(1).max(256);
const statusDocument = later(() =>
  z.looseObject({
    status: z.enum(["ok", "degraded", "stopping"]),
    degraded: z.array(z.string()).exactOptional(),
    active_runs: z.int().exactOptional(),
    runs: z.record(z.string(), z.int()).exactOptional(),
    version: z.string().exactOptional(),
    uptime_ms: z.int().exactOptional(),
  }),
);

/** Input and output of the daemon's own operations. */
export const daemonSchemas = {
  health: { input: nothing, output: statusDocument },
  status: { input: nothing, output: statusDocument },
  ready: { input: nothing, output: later(() => z.strictObject({ ready: z.literal(true) })) },
  openapi: { input: nothing, output: later(() => z.looseObject({ openapi: z.string() })) },
  "tokens.create": { input: tokenRequest, output: newToken },
  "tokens.list": { input: nothing, output: later(() => z.strictObject({ tokens: z.array(tokenInfo) })) },
  "tokens.revoke": { input: later(() => z.strictObject({ id: word })), output: tokenInfo },
  "auth.rotate": {
    input: later(() => z.strictObject({ grace_ms: integer(0, 86_400_000).exactOptional() })),
    output: later(() => z.strictObject({ grace_ms: z.int() })),
  },
  "auth.self": {
    input: nothing,
    output: later(() =>
      z.strictObject({
        kind: z.enum(["owner", "root", "token", "peer"]),
        id: z.string(),
        label: z.string().exactOptional(),
        scopes: z.array(scope),
        expires_at: z.string().exactOptional(),
        run_id: z.string().exactOptional(),
        peer_id: z.string().exactOptional(),
      }),
    ),
  },
  "auth.refresh": { input: later(() => z.strictObject({ refresh_token: credential() })), output: newToken },
  "auth.logout": { input: nothing, output: tokenInfo },
  "auth.createCode": {
    /** Without scopes those of the caller. */
    input: later(() => z.strictObject({ scopes: z.array(scope).min(1).max(4).exactOptional() })),
    output: later(() => z.strictObject({ code: z.string(), url: z.string(), expires_at: z.string() })),
  },
  "dashboard.session": { input: later(() => z.strictObject({ code: credential() })), output: session },
};
