import type { Client } from "../client/client-types.js";
import { bytes } from "./format.js";
import { visibleText } from "./visible-text.js";

/** What may go with one message; unknown until the daemon has said it. */
export interface FileLimits {
  readonly bytes?: number;
}

/** Most files of one message. */
export const mostFiles = 16;

/** Files on their way to be a message's attachments. One that is there is not sent again when the message itself was refused. */
export interface Uploads {
  /** The ids, in the order of the files. @throws what the daemon refuses a file with; and by its name what it would refuse anyway */
  take(files: readonly File[], limits: FileLimits, says: (text: string) => void): Promise<string[]>;
}

/** Makes {@link Uploads}. */
export function createUploads(client: Client): Uploads {
  const ids = new WeakMap<File, string>();

  async function upload(file: File): Promise<string> {
    const known = ids.get(file);
    if (known !== undefined) return known;
    await assertReadable(file);
    const { id } = await client.attachments.upload(file, { filename: file.name, content_type: file.type });
    ids.set(file, id);
    return id;
  }

  return {
    async take(files, limits, says) {
      if (files.length > mostFiles) throw new Error(`At most ${mostFiles} files go with one message; you chose ${files.length}.`);
      const tooLarge = files.find(({ size }) => limits.bytes !== undefined && size > limits.bytes);
      if (tooLarge) throw new Error(`${nameOf(tooLarge)} has ${bytes(tooLarge.size)}; a file may have ${bytes(limits.bytes ?? 0)}.`);
      const taken: string[] = [];
      for (const [at, file] of files.entries()) {
        says(`Sending ${nameOf(file)}${files.length > 1 ? ` (${at + 1} of ${files.length})` : ""} …`);
        taken.push(await upload(file));
      }
      return taken;
    },
  };
}

/** A folder that was dropped, or a file that is gone: the browser would only say that nothing got through. */
async function assertReadable(file: File): Promise<void> {
  await file
    .slice(0, 1)
    .arrayBuffer()
    .catch((cause: unknown) => {
      throw new Error(`${nameOf(file)} cannot be read. Choose it again.`, { cause });
    });
}

function nameOf({ name }: File): string {
  return visibleText(name);
}
