/** A record event of any stream, as on the wire. `seq` is gapless from 1 within its stream. */
export interface StreamEvent {
  /** `evt_<seq>`. */
  readonly id: string;
  readonly run_id?: string;
  readonly peer_id?: string;
  readonly seq: number;
  readonly type: string;
  /** Status of the run after this event; only in streams of runs. */
  readonly status?: string;
  /** RFC 3339, never earlier than the event before it. */
  readonly time: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Text that is still growing: no id, no seq, never stored. Keep `payload.offset` units of what you have, then append. */
export interface Preview {
  readonly run_id: string;
  readonly type: string;
  readonly status: string;
  readonly time: string;
  readonly payload: Readonly<Record<string, unknown>>;
}
