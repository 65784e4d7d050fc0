import type { Host } from "../host.js";

/** What is given for a refresh token. */
export interface TokenPair {
  readonly token: string;
  readonly refresh_token: string;
}

const prefix = "anode_rt_";
/** 128 bits that all refresh tokens of a family begin with; the rest tells one from the other. */
const familyLength = 22;
const restLength = 21;
const form = /^anode_rt_[\w-]{43}$/;

/** The first refresh token of a family. */
export function newRefreshToken(host: Pick<Host, "randomId">): string {
  return `${prefix}${host.randomId(16)}${host.randomId(16).slice(-restLength)}`;
}

/** What a refresh token has in common with those before and after it; `undefined` for a text that is none. */
export function familyOf(text: string): string | undefined {
  return form.test(text) ? text.slice(0, prefix.length + familyLength) : undefined;
}

/**
 * The pair that follows a refresh token: always the same one, so that a lost answer can be given again although no text is
 * stored. Neither the key alone nor the token alone leads to it.
 */
export async function pairAfter(host: Pick<Host, "digest">, key: string, refreshToken: string): Promise<TokenPair> {
  const [access, rest] = await Promise.all(["access", "refresh"].map((use) => keyed(host, key, `${use}:${refreshToken}`)));
  return { token: `anode_at_${access}`, refresh_token: `${familyOf(refreshToken)}${rest?.slice(0, restLength)}` };
}

/** Twice, the key in both: the digest of a longer text cannot be worked out from that of a shorter one. */
async function keyed(host: Pick<Host, "digest">, key: string, text: string): Promise<string> {
  const hex = await host.digest(`${key}:${await host.digest(`${key}:${text}`)}`);
  const bytes = hex.replaceAll(/../g, (byte) => String.fromCharCode(Number.parseInt(byte, 16)));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
