import { constants } from "node:fs";
import { type FileHandle, open, realpath, rm } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import * as z from "zod";
import { AnodeError } from "../../../lib/errors.js";
import type { ComposedTool } from "./composed-tool.js";

const path = z.string().min(1).max(4096);

/** Tools `attachment_put` and `attachment_get`: files of the agent's own folder, read and written by this process. */
export function attachmentTools(folder: string): Readonly<Record<"attachment_put" | "attachment_get", ComposedTool>> {
  const put: ComposedTool = {
    description: "Upload a file of your working folder; its id can be given to ask, ack, notify_peer.",
    input: z.strictObject({ path }),
    async call(client, { path: given }: { path: string }, { signal }) {
      const real = await inside(folder, given, "read");
      const file = await openFile(real, constants.O_RDONLY, given);
      try {
        const bytes = file.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>;
        return { ...(await filesOf(client).upload(bytes, { filename: basename(real) }, signal ? { signal } : {})) };
      } finally {
        await file.close();
      }
    },
  };
  const get: ComposedTool = {
    description: "Save an attachment as a new file in your working folder.",
    input: z.strictObject({ id: z.string().min(1).max(64), save_as: path }),
    async call(client, { id, save_as }: { id: string; save_as: string }, { signal }) {
      const real = await inside(folder, save_as, "write");
      const { filename, bytes } = await filesOf(client).download(id, signal ? { signal } : {});
      const file = await openFile(real, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, save_as);
      let size_bytes = 0;
      try {
        for await (const chunk of bytes) {
          await file.write(chunk);
          size_bytes += chunk.length;
        }
      } catch (error) {
        await rm(real, { force: true });
        throw error;
      } finally {
        await file.close();
      }
      return { id, filename, path: real, size_bytes };
    },
  };
  return { attachment_put: put, attachment_get: get };
}

function filesOf({ files }: Parameters<ComposedTool["call"]>[0]): NonNullable<typeof files> {
  if (files) return files;
  throw new AnodeError("not_supported", "There are no attachments here.", { details: { ability: "attachments" } });
}

/** The real path of what lies, or is to lie, in the folder. @throws `invalid_request` for a path that leads out of it */
async function inside(folder: string, given: string, way: "read" | "write"): Promise<string> {
  const root = await realpath(folder);
  const named = resolve(root, given);
  const real = await (way === "read" ? realpath(named) : realpath(dirname(named)).then((above) => join(above, basename(named)))).catch(
    (error: NodeJS.ErrnoException) => {
      throw wrong(given, `cannot be used: ${String(error.code)}`);
    },
  );
  const way_in = relative(root, real);
  if (way_in === "" || way_in === ".." || way_in.startsWith(`..${sep}`)) throw wrong(given, "is not inside the working folder");
  return real;
}

/** The very file that was judged, and no link, folder or device in its place. */
async function openFile(real: string, flags: number, given: string): Promise<FileHandle> {
  const file = await open(real, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600).catch((error: NodeJS.ErrnoException) => {
    throw wrong(given, error.code === "EEXIST" ? "exists already" : `cannot be opened: ${String(error.code)}`);
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw wrong(given, "is no file");
}

function wrong(given: string, what: string): AnodeError {
  return new AnodeError("invalid_request", `${given} ${what}.`);
}
