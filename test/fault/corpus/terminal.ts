/** Every control character, DEL and C1 among them: 65 code points, of which only tab and newline may leave. */
export const controlPoints: readonly number[] = [
  ...Array.from({ length: 0x20 }, (_, code) => code),
  ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index),
];

const esc = "\u001b";
const sequences = (introducer: string, bodies: readonly string[], end = ""): string[] => bodies.map((body) => introducer + body + end);

/** What terminals are known to obey. */
export const terminalAttacks: readonly string[] = [
  ...sequences(`${esc}[`, [
    "31m",
    "2J",
    "H",
    "6n",
    "c",
    ">c",
    "5n",
    "?1049h",
    "?25l",
    "?2004h",
    "20h",
    "4h",
    "3J",
    "1000D",
    "2K",
    "21t",
    "8;1;1t",
    "!p",
  ]),
  ...sequences("\u009b", ["31m", "2J", "6n"]),
  ...sequences(
    `${esc}]`,
    ["0;owned", "2;owned", "52;c;cm0gLXJm", "8;;http://evil.example", "4;1;?", "10;?", "9;note", "777;notify;a;b", "1337;File=:QQ=="],
    "\u0007",
  ),
  ...sequences(`${esc}]`, ["0;owned", "8;;http://evil.example"], `${esc}\\`),
  ...sequences("\u009d", ["0;owned"], "\u009c"),
  ...sequences(`${esc}P`, ['$q"p', "+q544e", "1$r0m", "0;1|17/ab"], `${esc}\\`),
  ...sequences(`${esc}_`, ["Gf=100;AAAA"], `${esc}\\`),
  ...sequences(`${esc}^`, ["private"], `${esc}\\`),
  ...sequences(esc, ["c", "7", "8", "D", "M", "E", "#8", "(0", "N", "O", "Z", "=", ">"]),
  "safe\rrm -rf",
  "ls\b\b\bxx",
  "bell\u0007",
  "\u000e shifted \u000f",
  "user\u202egpj.exe",
  "\u2066isolate\u2069",
  "pay\u200bpal",
  `${esc}[200~paste${esc}[201~`,
  `${esc}\u0018aborted`,
]; // prettier-ignore
