import type { Word } from "./words.js";

/** What a program does, as far as its words tell. */
export interface Invocation {
  /** The program's name without its folder; absent when an expansion decides it. */
  readonly program: string | undefined;
  /** The words after it. */
  readonly args: readonly Word[];
  /** The wrappers it was found behind, outermost first. */
  readonly wrappers: readonly string[];
  /** True when a wrapper has options that are not known, so that the program may be another. */
  readonly isUnsure: boolean;
}

/** Options of a wrapper that take the next word as their value. */
const wrappers: Readonly<Record<string, { readonly valued: readonly string[]; readonly plain: RegExp; readonly skipsFirst?: boolean }>> = {
  env: { valued: ["-u", "--unset", "-C", "--chdir"], plain: /^(-i|-0|-v|-|--ignore-environment|--null|--debug|--unset=.*|--chdir=.*)$/ },
  nice: { valued: ["-n", "--adjustment"], plain: /^(-\d+|-n-?\d+|--adjustment=.*)$/ },
  nohup: { valued: [], plain: /^$/ },
  time: { valued: ["-o", "-f", "--output", "--format"], plain: /^(-p|-v|-a|--portability|--verbose)$/ },
  timeout: {
    valued: ["-s", "-k", "--signal", "--kill-after"],
    plain: /^(-v|-f|-p|--foreground|--preserve-status|--verbose|--signal=.*|--kill-after=.*|-s.+|-k.+)$/,
    skipsFirst: true,
  },
  stdbuf: { valued: ["-i", "-o", "-e"], plain: /^(-[ioe].+|--(input|output|error)=.*)$/ },
  command: { valued: [], plain: /^-p$/ },
  builtin: { valued: [], plain: /^$/ },
  exec: { valued: ["-a"], plain: /^(-c|-l|-cl)$/ },
  busybox: { valued: [], plain: /^$/ },
  xargs: {
    valued: ["-n", "-P", "-I", "-L", "-d", "-E", "-s", "-a", "--max-args", "--max-procs", "--delimiter", "--arg-file", "--max-lines"],
    plain: /^(-0|-r|-t|-p|-x|-o|-[nPILdEsa].+|-0r|-r0|--null|--no-run-if-empty|--verbose|--[a-z-]+=.*)$/,
  },
};

/** Looks through wrappers at the program that is really started. */
export function unwrap(words: readonly Word[]): Invocation {
  const passed: string[] = [];
  let rest = words;
  for (;;) {
    const [first, ...args] = rest;
    if (!first) return { program: "", args: [], wrappers: passed, isUnsure: false };
    if (first.expands) return { program: undefined, args, wrappers: passed, isUnsure: false };
    const program = first.value.slice(first.value.lastIndexOf("/") + 1);
    const wrapper = Object.hasOwn(wrappers, program) ? wrappers[program] : undefined;
    // `command -v x` only tells where x is.
    if (!wrapper || (program === "command" && /^-[vV]/.test(args[0]?.value ?? "")))
      return { program, args, wrappers: passed, isUnsure: false };
    passed.push(program);
    let at = 0;
    for (; at < args.length; at += 1) {
      const { value = "", expands = false } = args[at] ?? {};
      if (program === "env" && /^[A-Za-z_][A-Za-z0-9_]*=/.test(value)) continue;
      if (expands && value.startsWith("-")) return { program, args, wrappers: passed, isUnsure: true };
      if (value === "--") {
        at += 1;
        break;
      }
      if (!value.startsWith("-")) break;
      if (wrapper.valued.includes(value)) at += 1;
      else if (!wrapper.plain.test(value)) return { program, args, wrappers: passed, isUnsure: true };
    }
    rest = args.slice(wrapper.skipsFirst ? at + 1 : at);
  }
}
