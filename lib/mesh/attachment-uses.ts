import { askCollection } from "../asks/ask-book.js";
import type { Ask } from "../asks/schema.js";
import type { AttachmentUses } from "../attachments/attachments.js";
import { messageCollection } from "../messages/mail.js";
import { everyRecord } from "../store/every-record.js";
import type { AttachedFile } from "../messages/schema.js";
import { composedOf, type Mesh } from "./mesh.js";

/** What an ask or a message refers to. */
type Referring = Partial<Pick<Ask, "attachments" | "reply_attachments">>;

/**
 * What of a mesh refers to attachments: open asks and waiting messages hold them; a peer may read what came to it with an ask, a
 * message or a reply, however long that is over.
 */
export function attachmentUses(mesh: Mesh): AttachmentUses {
  const { peers, asks, mail, manager } = composedOf(mesh);

  async function isInOneOf(collection: string, field: "to_peer_id" | "from_peer_id", peer_id: string, id: string): Promise<boolean> {
    for await (const { record } of everyRecord(manager.store, collection, { order: "desc", where: { [field]: [peer_id] } })) {
      if (refersTo(record as Referring, id)) return true;
    }
    return false;
  }

  return {
    inUse: (id) =>
      peers.living().some(({ peer_id }) => [...asks.openTo(peer_id), ...mail.waiting(peer_id)].some((one) => refersTo(one, id))),
    async isFor(id, { peer_id }) {
      if (peer_id === undefined) return false;
      return (
        (await isInOneOf(messageCollection, "to_peer_id", peer_id, id)) ||
        (await isInOneOf(askCollection, "to_peer_id", peer_id, id)) ||
        (await isInOneOf(askCollection, "from_peer_id", peer_id, id))
      );
    },
  };
}

function refersTo({ attachments = [], reply_attachments = [] }: Referring, id: string): boolean {
  return [...attachments, ...reply_attachments].some((file: AttachedFile) => file.id === id);
}
