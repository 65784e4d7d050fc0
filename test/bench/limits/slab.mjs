const slabBytes = 64 * 1024;
const encoder = new TextEncoder();

/** The least that an encoded log with cursors can be: frames in slabs, one shared view for all readers at the same place. */
export function createSlabLog(keptSlabs = 64) {
  const slabs = [newSlab()];
  let first = 0;
  let shared = { slab: -1, from: 0, to: 0, view: undefined };

  function append(events) {
    let text = "";
    for (const event of events) text += `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;
    let slab = slabs.at(-1);
    if (slab.bytes.length - slab.used < text.length) {
      slab = newSlab(Math.max(slabBytes, text.length));
      slabs.push(slab);
      if (slabs.length > keptSlabs) first += slabs.splice(0, 1).length;
    }
    slab.used += encoder.encodeInto(text, slab.bytes.subarray(slab.used)).written;
  }

  /** The bytes after a cursor `{slab, offset}`, which moves on; `undefined` when there are none. */
  function take(cursor) {
    let slab = slabs[cursor.slab - first];
    if (cursor.offset === slab.used && cursor.slab - first < slabs.length - 1) {
      cursor.slab += 1;
      cursor.offset = 0;
      slab = slabs[cursor.slab - first];
    }
    if (cursor.offset === slab.used) return undefined;
    if (shared.slab !== cursor.slab || shared.from !== cursor.offset || shared.to !== slab.used) {
      shared = { slab: cursor.slab, from: cursor.offset, to: slab.used, view: slab.bytes.subarray(cursor.offset, slab.used) };
    }
    cursor.offset = slab.used;
    return shared.view;
  }

  return { append, take, cursor: () => ({ slab: first + slabs.length - 1, offset: slabs.at(-1).used }) };
}

function newSlab(bytes = slabBytes) {
  return { bytes: new Uint8Array(bytes), used: 0 };
}
