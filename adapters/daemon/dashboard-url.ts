import { type Address, formatAddress, isLoopback } from "../../lib/address.js";

type TcpAddress = Extract<Address, { readonly kind: "tcp" }>;

/** Where a browser on this machine finds the dashboard: on loopback wherever we listen there, IPv4 first. */
export function dashboardUrl(addresses: readonly Address[]): string | undefined {
  const all = addresses.filter((address): address is TcpAddress => address.kind === "tcp").map(reachable);
  const local = all.filter(({ host }) => isLoopback(host));
  const best = local.find(({ host }) => !host.includes(":")) ?? local[0] ?? all[0];
  return best && `${formatAddress(best)}/dashboard`;
}

/** Who listens everywhere listens on loopback too. */
function reachable(address: TcpAddress): TcpAddress {
  if (address.host === "0.0.0.0") return { ...address, host: "127.0.0.1" };
  return address.host === "::" ? { ...address, host: "::1" } : address;
}
