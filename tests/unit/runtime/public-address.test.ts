import { describe, expect, test } from "vitest";
import { isPublicAddress } from "#runtime/webhooks/public-address.ts";

describe("an address of the open internet", () => {
  test.each(["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])("%s is one", (address) => expect(isPublicAddress(address)).toBe(true));

  test.each([
    ["loopback", "127.0.0.1"],
    ["loopback anywhere in its network", "127.8.9.10"],
    ["this machine", "0.0.0.0"],
    ["private", "10.1.2.3"],
    ["private", "172.16.0.1"],
    ["private", "192.168.1.1"],
    ["link-local, where clouds keep their secrets", "169.254.169.254"],
    ["carrier-grade NAT, and a cloud's metadata", "100.100.100.200"],
    ["a cloud's metadata in a reserved network", "192.0.0.192"],
    ["a cloud's metadata that looks public", "168.63.129.16"],
    ["multicast", "224.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["loopback of IPv6", "::1"],
    ["unspecified", "::"],
    ["loopback in an IPv4-compatible address", "::7f00:1"],
    ["loopback in an IPv4-mapped address", "::ffff:127.0.0.1"],
    ["private in an IPv4-mapped address", "::ffff:a00:1"],
    ["loopback behind NAT64", "64:ff9b::7f00:1"],
    ["loopback in 6to4", "2002:7f00:1::"],
    ["Teredo", "2001::1"],
    ["unique local, and a cloud's metadata", "fd00:ec2::254"],
    ["link-local of IPv6", "fe80::1"],
    ["site-local of IPv6", "fec0::1"],
    ["multicast of IPv6", "ff02::1"],
    ["no address", "localhost"],
    ["no address", ""],
  ])("%s is none: %s", (_what, address) => expect(isPublicAddress(address)).toBe(false));
});
