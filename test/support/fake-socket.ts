import { AnodeError, type Caller, localCaller } from "../../lib/index.js";
import type { TestMesh } from "./mesh.js";

type Frame = Record<string, unknown> & { readonly type: string };

/** The client's end of a socket of the mesh, without a network. */
export interface FakeSocket {
  /** Everything the daemon sent. */
  readonly frames: Frame[];
  /** How the daemon closed it. */
  readonly closed: { readonly code: number; readonly reason: string } | undefined;
  /** Whether the daemon reads on. */
  readonly isRead: boolean;
  /** What this end has not taken yet. */
  unsentBytes: number;
  /** Sends a frame, and lets it have its effect. */
  send(frame: object): Promise<void>;
  /** The frames of a type. */
  of(type: string): Frame[];
  ack(delivery_id: unknown, status?: string, detail?: string): Promise<void>;
  /** Something that is no frame. */
  garble(): void;
  /** This end goes away. */
  leave(): void;
  /** This end has read what was unsent. */
  catchUp(): Promise<void>;
}

export interface FakeSocketOptions {
  /** `null` = the connection brought no credential. */
  readonly caller?: Caller | null;
  readonly prove?: (token: string) => Promise<Caller>;
}

/** Opens a socket to a mesh; nothing is sent yet. */
export function fakeSocket({ mesh, reply, host }: TestMesh, { caller = localCaller, prove }: FakeSocketOptions = {}): FakeSocket {
  const frames: Frame[] = [];
  const state = { closed: undefined as FakeSocket["closed"], isRead: true, unsentBytes: 0 };
  const link = mesh.links.accept(
    {
      get unsentBytes() {
        return state.unsentBytes;
      },
      send: (text) => void frames.push(JSON.parse(text) as Frame),
      close: (code, reason) => (state.closed = { code, reason }),
      reading: (goesOn) => (state.isRead = goesOn),
    },
    {
      ...(caller && { caller }),
      ...(prove && { prove }),
      call: async (name, input, self) => (await reply(name as "peers.list", input, { caller: self })).body,
    },
  );
  const settle = (): Promise<void> => host.clock.advance(0);
  const send = (frame: object): Promise<void> => {
    link.receive(frame as Record<string, unknown>);
    return settle();
  };
  return {
    frames,
    get closed() {
      return state.closed;
    },
    get isRead() {
      return state.isRead;
    },
    get unsentBytes() {
      return state.unsentBytes;
    },
    set unsentBytes(bytes) {
      state.unsentBytes = bytes;
    },
    send,
    of: (type) => frames.filter((frame) => frame.type === type),
    ack: (delivery_id, status = "injected", detail) =>
      send({ type: "delivery_ack", delivery_id, status, ...(detail !== undefined && { detail }) }),
    garble: () => link.malformed(new AnodeError("invalid_json", "The body is not JSON.")),
    leave: () => link.lost(),
    async catchUp() {
      state.unsentBytes = 0;
      link.written();
      await settle();
    },
  };
}
