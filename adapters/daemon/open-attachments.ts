import { Attachments, attachmentUses, type Limits, type Mesh } from "../../lib/index.js";
import { openFolderBlobs } from "../../lib/node/index.js";
import type { Ground } from "./ground.js";
import type { Home } from "./home.js";
import type { Kernel } from "./kernel.js";
import type { StoreChoice } from "./open-store.js";
import { refusedByStore } from "./start-refused.js";
import type { Undo } from "./undo.js";

/** What attachments are opened with. */
export interface OpenAttachmentsOptions {
  readonly ground: Ground;
  readonly kernel: Kernel;
  /** What refers to them. */
  readonly mesh: Mesh;
  readonly home: Home;
  readonly storeChoice: StoreChoice;
  readonly limits: Limits;
}

/**
 * Opens the attachments of a manager and a mesh that are open, with their bytes in a folder.
 * @throws {@link StartRefused} 78 for a folder that is not private
 */
export async function openAttachments(
  { ground, kernel, mesh, home, storeChoice, limits }: OpenAttachmentsOptions,
  undo: Undo,
): Promise<Attachments> {
  const path = folderOf(storeChoice, home);
  const blobs = await openFolderBlobs({ path }).catch((error: unknown) => Promise.reject(refusedByStore(error, path)));
  const { journal, store } = kernel.manager;
  const attachments = new Attachments({ journal, store, host: ground.host, limits, blobs, uses: attachmentUses(mesh) });
  undo.add(() => attachments.close());
  await attachments.open();
  return attachments;
}

/** Each store has a folder of its own: bytes without a record in it are swept away. */
function folderOf(choice: StoreChoice, home: Home): string {
  if (choice.kind === "memory") return `${home.attachments}.memory`;
  return choice.path === home.store ? home.attachments : `${choice.path}.attachments`;
}
