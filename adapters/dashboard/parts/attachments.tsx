import type { JSX } from "preact";
import type { AttachedFile } from "../../../lib/messages/schema.js";
import { bytes } from "../format.js";
import { saveFile } from "../save-file.js";
import { useApp } from "../use.js";
import { visibleText } from "../visible-text.js";
import { Action } from "./action.js";

/** The files of a message, to be saved. */
export function Attachments({ files }: { readonly files: readonly AttachedFile[] }): JSX.Element | null {
  const { client } = useApp();
  if (files.length === 0) return null;
  const save = async ({ id, filename }: AttachedFile): Promise<void> => {
    const download = await client.attachments.download({ id });
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for await (const part of download.bytes) parts.push(part as Uint8Array<ArrayBuffer>);
    // Never of its uploader's type: the browser is to keep it, not to open it.
    saveFile(filename, new Blob(parts, { type: "application/octet-stream" }));
  };
  return (
    <ul class="files">
      {files.map((file) => (
        <li key={file.id}>
          <Action scope="read" label={`Download ${visibleText(file.filename)}`} run={() => save(file)}>
            {`${visibleText(file.filename)} (${bytes(file.size_bytes)})`}
          </Action>
        </li>
      ))}
    </ul>
  );
}
