/** What an event stream can be made of: the words of the format, what looks like them, every line end, characters of one to four bytes. */
const pieces = [
  "data",
  "id",
  "event",
  "retry",
  ":",
  ": ",
  " ",
  "\r",
  "\n",
  "\r\n",
  "\n\n",
  "\r\r",
  "\r\n\r\n",
  "7",
  "-1",
  "1e3",
  "\u0000",
  "x",
  "é",
  "€",
  "\u{1f600}",
  "\ufeff",
  "\u2028",
  "\u0085",
  "data: {}\n\n",
  "id: 1\n",
  "id:\u0000\n",
  "retry: 99999999999\n",
  ":data: x\n",
  " data: x\n",
  "DATA: x\n",
  "data:data: x\n\n",
  "dataset: x\n",
]; // prettier-ignore

/** The text of a stream, hostile to parsers, of at most `most` pieces. */
export function randomStream(random: () => number, most = 40): string {
  const count = 1 + Math.floor(random() * most);
  return Array.from({ length: count }, () => pieces[Math.floor(random() * pieces.length)]).join("");
}
