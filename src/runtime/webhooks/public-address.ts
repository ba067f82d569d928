import ipaddr from "ipaddr.js";

/** Addresses of clouds that look public and answer with the secrets of the machine that asks. */
const METADATA = new Set(["168.63.129.16"]);

/** All that is routed in the open: everything else of IPv6 is private, local, mapped, tunnelled or not given to anybody. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * True for an address (text, either family) of the open internet. Loopback, private and link-local networks, carrier-grade NAT, the metadata
 * services of clouds, multicast, and whatever hides an IPv4 address inside an IPv6 one are not.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address instanceof ipaddr.IPv4) return address.range() === "unicast" && !METADATA.has(address.toString());
  if (address.isIPv4MappedAddress()) return isPublicAddress(address.toIPv4Address().toString());
  return address.range() === "unicast" && address.match(GLOBAL_UNICAST);
}
