import type { Store } from "../../../lib/store/store.js";

/** Wrong stores for the model: one shows an event twice, one hides an event, one shows records before their commit. */
export function stopsAtNothing(defect: "doubles" | "loses" | "ahead"): (store: Store) => Store {
  return (store) => {
    const { buffer: _own, ...plain } = store;
    if (defect === "ahead") {
      return {
        ...plain,
        async get(collection, id) {
          const stored = await store.get(collection, id);
          return (
            stored && {
              ...stored,
              record: { ...stored.record, last_seq: 1 + Number((stored.record as { last_seq?: number }).last_seq ?? 0) },
            }
          );
        },
      };
    }
    return {
      ...plain,
      async read(stream, after, limitBytes) {
        const page = await store.read(stream, after, limitBytes);
        const lines = new TextDecoder().decode(page.lines).split("\n").slice(0, -1);
        if (!stream.startsWith("run:") || lines.length < 3) return page;
        const wrong = defect === "doubles" ? [...lines.slice(0, 2), ...lines.slice(1)] : [lines[0] as string, ...lines.slice(2)];
        return { ...page, lines: new TextEncoder().encode(wrong.map((line) => `${line}\n`).join("")) };
      },
    };
  };
}
