import { isAnodeError } from "../errors.js";
import type { StreamEvent } from "../events/event.js";
import type { RunManager } from "../runs/manager.js";
import type { Channel, Handed } from "./channel.js";
import type { Message } from "./schema.js";

/** What happened to a message that became a run's input. */
export type InputNews =
  | { readonly type: "delivered" }
  | { readonly type: "completed"; readonly result?: string }
  | { readonly type: "dropped"; readonly reason: string }
  | { readonly type: "withdrawn" };

/** What a run channel tells. */
export interface RunChannelPorts {
  /** What the agent reads. */
  text(message: Message): string;
  /** The message became an input; called in the moment in which that is decided, before anything can happen to it. */
  accepted(delivery_id: string, run_id: string, input_id: string): void;
  news(delivery_id: string, news: InputNews): void;
}

const newsOf: Readonly<Record<string, (payload: StreamEvent["payload"]) => InputNews>> = {
  "input.delivered": () => ({ type: "delivered" }),
  "input.completed": ({ result }) => ({ type: "completed", ...(typeof result === "string" && { result }) }),
  "input.dropped": ({ reason }) => ({ type: "dropped", reason: String(reason) }),
  "input.withdrawn": () => ({ type: "withdrawn" }),
};

/** Messages to peers that are runs: each becomes one follow-up input, and one input is one task. */
export class RunChannel implements Channel {
  readonly kind = "run";
  readonly #manager: RunManager;
  readonly #ports: RunChannelPorts;
  readonly #stop: () => void;
  /** Inputs that may still bring news: `<run id> <input id>` to the delivery. */
  readonly #inputs = new Map<string, string>();

  constructor(manager: RunManager, ports: RunChannelPorts) {
    this.#manager = manager;
    this.#ports = ports;
    this.#stop = manager.on("event", (event) => this.#heard(event));
  }

  async push(message: Message, peer: { readonly run_id?: string }): Promise<Handed> {
    const run_id = peer.run_id ?? "";
    let taken = "";
    try {
      const { input_id } = await this.#manager.input(
        run_id,
        { text: this.#ports.text(message), delivery: "queue" },
        {
          also: (given) => {
            taken = given;
            this.#inputs.set(`${run_id} ${given}`, message.delivery_id);
            this.#ports.accepted(message.delivery_id, run_id, given);
            return [];
          },
        },
      );
      return { state: "sent", input_id };
    } catch (error) {
      this.#inputs.delete(`${run_id} ${taken}`);
      return { state: "failed", detail: isAnodeError(error) ? error.code : String(error) };
    }
  }

  close(): void {
    this.#stop();
  }

  #heard({ type, run_id, payload }: StreamEvent): void {
    const make = newsOf[type];
    if (!make || this.#inputs.size === 0) return;
    const key = `${run_id} ${String(payload["input_id"])}`;
    const delivery_id = this.#inputs.get(key);
    if (delivery_id === undefined) return;
    const news = make(payload);
    if (news.type !== "delivered") this.#inputs.delete(key);
    this.#ports.news(delivery_id, news);
  }
}
