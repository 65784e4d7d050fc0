import type { JSX } from "preact";
import { linkTo } from "../route.js";
import { useApp, useCell } from "../use.js";
import { Text } from "./text.js";

/** A peer by its name, with the way to its page. Without a name it is looked up; who is not known is shown by id. */
export function PeerLink({ id, name }: { readonly id: string; readonly name?: string }): JSX.Element {
  const names = useCell(useApp().names);
  return (
    <a href={linkTo("peers", id)} title={id}>
      <Text of={name ?? names.get(id) ?? id} />
    </a>
  );
}
