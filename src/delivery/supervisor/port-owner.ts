import { execFile } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Who listens where a client of 127.0.0.1 would arrive. `ours` is true only when every such listener belongs to the given processes. */
export interface PortOwner {
  listening: boolean;
  ours: boolean;
}

const LISTEN = "0A";
/** 127.0.0.1, 0.0.0.0 and their IPv6 forms (any, loopback, mapped), as /proc/net/tcp and tcp6 print them (little-endian words). */
const REACHED = new Set(["0100007F", "00000000", "0".repeat(32), "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"]);

function listeningInodes(port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => {
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch {
      return [];
    }
    return text
      .split("\n")
      .slice(1)
      .flatMap((line) => {
        const fields = line.trim().split(/\s+/);
        const [address, at] = (fields[1] ?? "").split(":");
        const inode = fields[9];
        return fields[3] === LISTEN && at === wanted && address !== undefined && REACHED.has(address) && inode !== undefined ? [inode] : [];
      });
  });
}

function heldSockets(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** Asks the kernel (or lsof where there is no /proc) which processes hold the listening sockets of a TCP port. */
export async function portOwner(port: number, pids: readonly number[]): Promise<PortOwner> {
  if (process.platform === "linux") {
    const inodes = listeningInodes(port);
    const held = new Set(pids.flatMap(heldSockets));
    return { listening: inodes.length > 0, ours: inodes.length > 0 && inodes.every((inode) => held.has(inode)) };
  }
  const { stdout } = await run("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fp"]).catch(() => ({ stdout: "" }));
  const owners = [...stdout.matchAll(/^p(\d+)$/gm)].map((match) => Number(match[1]));
  return { listening: owners.length > 0, ours: owners.length > 0 && owners.every((pid) => pids.includes(pid)) };
}

/** True when a server could listen on 127.0.0.1 at this port now: nothing binds it, and nothing answers on a wider address. */
export async function isPortFree(port: number): Promise<boolean> {
  const bindable = await new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
  return bindable && !(await answers(port));
}

/** True when a TCP connection to 127.0.0.1 succeeds. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", timeout: 1_000 });
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}
