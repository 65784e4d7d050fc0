import type { JSX } from "preact";
import type { Ask } from "../../../lib/asks/schema.js";
import { useApp } from "../use.js";
import { Action } from "./action.js";
import { MessageForm } from "./message-form.js";

/** What a person can do with an open ask: reply to one that is for people, take back one that is theirs. */
export function AskActions({ ask }: { readonly ask: Ask }): JSX.Element | null {
  const { client } = useApp();
  const { correlation_id, from_name, to_name } = ask;
  if (to_name === "human")
    return (
      <>
        <MessageForm
          label="Reply"
          about="Reply"
          submit="Reply"
          isRequired={false}
          send={({ text, ...files }) => client.asks.ack({ correlation_id, ...(text !== "" && { message: text }), ...files })}
        />
        <Action scope="control" tone="danger" run={() => client.asks.decline({ id: correlation_id })}>
          Decline
        </Action>
      </>
    );
  if (from_name !== "human") return null;
  return (
    <Action
      scope="control"
      tone="danger"
      confirm={`Take back the ask ${correlation_id} to ${to_name}?`}
      run={() => client.asks.cancel({ id: correlation_id })}
    >
      Take back
    </Action>
  );
}
