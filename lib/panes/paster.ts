import { type PastePorts, pasteOnce, type PasteReceipt, type PasteTarget } from "./paste.js";

/** Pastes the messages of one pane. */
export interface Paster {
  /** Pastes a message unless it was typed before: then its receipt is given again, since the one before may have been lost. */
  paste(delivery_id: string, text: string, target: PasteTarget): Promise<PasteReceipt>;
}

/**
 * A {@link Paster}: one message at a time, in the order of the calls, each typed at most once.
 * @param remembered - messages whose receipts are kept
 */
export function createPaster(ports: PastePorts, remembered = 1_024): Paster {
  const typed = new Map<string, PasteReceipt>();
  let last: Promise<unknown> = Promise.resolve();

  async function once(delivery_id: string, text: string, target: PasteTarget): Promise<PasteReceipt> {
    const before = typed.get(delivery_id);
    if (before) return before;
    const receipt = await pasteOnce(text, target, ports);
    if (receipt.status === "rejected") return receipt;
    typed.set(delivery_id, receipt);
    for (const oldest of typed.keys()) {
      if (typed.size <= remembered) break;
      typed.delete(oldest);
    }
    return receipt;
  }

  return {
    paste(delivery_id, text, target) {
      const turn = last.then(() => once(delivery_id, text, target));
      last = turn.catch(() => {});
      return turn;
    },
  };
}
