import type { MeshParts } from "../peers/parts.js";
import type { StageDraft } from "../traces/traces.js";
import type { ReceiptStatus } from "./frames.js";
import type { Mail } from "./mail.js";
import type { Message } from "./schema.js";

/** LateReceipts that come when nobody waits for them any more. */
export class LateReceipts {
  readonly #parts: Pick<MeshParts, "host">;
  readonly #mail: Mail;
  readonly #delivered: (peer_id: string) => void;
  /** Those under way, in their order: of messages that are not in memory any more, too. */
  readonly #late = new Map<string, Promise<void>>();

  /** @param delivered - one more has got to the peer: what waits behind it may go */
  constructor(parts: Pick<MeshParts, "host">, mail: Mail, delivered: (peer_id: string) => void) {
    this.#parts = parts;
    this.#mail = mail;
    this.#delivered = delivered;
  }

  /**
   * Takes note of a receipt that came when nobody waited for it any more. False for a message that is not this peer's.
   * What is final stays as it is.
   */
  async take(peer_id: string, delivery_id: string, status: ReceiptStatus, detail?: string): Promise<boolean> {
    let isOwn = false;
    const before = this.#late.get(delivery_id) ?? Promise.resolve();
    const task = before.then(async () => {
      const message = await this.#mail.recall(delivery_id);
      isOwn = message?.to_peer_id === peer_id;
      if (message && isOwn) await this.#receipted(message, status, detail);
    });
    const settled = task.catch((error: unknown) => this.#parts.host.log("warn", "receipt.lost", { delivery_id, error: String(error) }));
    this.#late.set(delivery_id, settled);
    await settled;
    if (this.#late.get(delivery_id) === settled) this.#late.delete(delivery_id);
    return isOwn;
  }

  async #receipted(message: Message, status: ReceiptStatus, detail: string | undefined): Promise<void> {
    const came: StageDraft = { stage: "hook_received" };
    if (status === "injected") {
      const settled = this.#mail.settle(message, "delivered", {}, came, { stage: "pane_injected" });
      this.#delivered(message.to_peer_id);
      await settled;
    } else if (message.delivery_state === "sent") {
      const failed: StageDraft = { stage: "injection_failed", status: "fail", ...(detail !== undefined && { detail: { detail } }) };
      await this.#mail.settle(message, "failed", { reason: "injection_failed" }, came, failed);
    }
  }
}
