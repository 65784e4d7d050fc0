import * as z from "zod";
import { later } from "../../later.js";
import { meshName, peer, peerBackend, peerRef, peerRegistration, peerRole, peerUpdate } from "../../peers/schema.js";
import { integer, word } from "./query.js";

const nothing = later(() => z.strictObject({}));
const addressed = () => ({ id: peerRef, circle: meshName.exactOptional() });

/** Input and output of the operations of peers. */
export const peerSchemas = {
  "peers.list": {
    input: later(() =>
      z.strictObject({
        status: z.enum(["online", "busy", "offline"]).exactOptional(),
        path: z.string().min(1).max(4096).exactOptional(),
        backend: peerBackend.exactOptional(),
        circle: meshName.exactOptional(),
        role: peerRole.exactOptional(),
        limit: integer(1, 1000).exactOptional(),
        cursor: word.exactOptional(),
      }),
    ),
    output: later(() => z.strictObject({ peers: z.array(peer), next_cursor: z.string().exactOptional() })),
  },
  "peers.whoami": { input: nothing, output: peer },
  "peers.byPane": { input: later(() => z.strictObject({ pane_id: word })), output: peer },
  "peers.get": { input: later(() => z.strictObject(addressed())), output: peer },
  "peers.register": {
    input: later(() =>
      peerRegistration.refine((value) => value.name === undefined || value.display_name === undefined, {
        path: ["name"],
        message: "is another spelling of display_name, and only one of them can be given",
        params: { issue: "conflict" },
      }),
    ),
    output: later(() => z.strictObject({ peer, peer_token: z.string().exactOptional(), pane_assigned: z.boolean() })),
  },
  // A name in the path goes with a circle in the body that would move the peer: here {id} is looked for in every circle.
  "peers.update": { input: later(() => z.strictObject({ id: peerRef, ...peerUpdate.shape })), output: peer },
  "peers.touch": {
    input: later(() => z.strictObject(addressed())),
    output: later(() => z.strictObject({ peer_id: z.string(), last_seen: z.string() })),
  },
  "peers.offline": {
    input: later(() =>
      z.strictObject({
        ...addressed(),
        reason: z.string().min(1).max(64).exactOptional(),
        detail: z.string().max(500).exactOptional(),
        terminal: z.boolean().exactOptional(),
      }),
    ),
    output: later(() => z.strictObject({ peer, closed_asks: z.int() })),
  },
  "peers.remove": {
    input: later(() => z.strictObject(addressed())),
    output: later(() => z.strictObject({ peer_id: z.string(), retired_at: z.string() })),
  },
  "circles.list": {
    input: nothing,
    output: later(() =>
      z.strictObject({ circles: z.array(z.strictObject({ name: z.string(), online: z.int(), busy: z.int(), offline: z.int() })) }),
    ),
  },
};
