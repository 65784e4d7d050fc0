/** Keeps the head and the tail of a growing text in bounded memory. */
export interface HeadAndTail {
  push(text: string): void;
  /** What is kept, with a mark for what is not. */
  text(): string;
}

/** Keeps three quarters of `limitUnits` from the head and at least one from the tail. */
export function createHeadAndTail(limitUnits: number): HeadAndTail {
  const headUnits = Math.floor(limitUnits * 0.75);
  const tailUnits = limitUnits - headUnits;
  let head = "";
  let tail = "";
  let omitted = 0;
  return {
    push(text) {
      const room = headUnits - head.length;
      if (room > 0 && tail === "") {
        const cut = wholeEnd(text, room);
        head += text.slice(0, cut);
        tail = text.slice(cut);
      } else tail += text;
      if (tail.length <= 2 * tailUnits) return;
      const kept = tail.slice(wholeEnd(tail, tail.length - tailUnits));
      omitted += Buffer.byteLength(tail) - Buffer.byteLength(kept);
      tail = kept;
    },
    text: () => (omitted === 0 ? head + tail : `${head}\n[… ${omitted} bytes omitted …]\n${tail}`),
  };
}

/** The place at or before `at` that parts no pair. */
function wholeEnd(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return at < text.length && unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at;
}
