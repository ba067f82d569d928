import { DEFAULT_PROXY_PORT, PORTS_TRIED } from "./limits.ts";

/** True for the errors of a port that somebody else has or that we may not have. */
export function isTaken(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && (error.code === "EADDRINUSE" || error.code === "EACCES");
}

/**
 * Listens where it was asked to, else where the last supervisor listened, else on 2080 or the next free port. 0 asks for any port, and
 * for the same one again after a restart. Rejects only when a port that was asked for cannot be had.
 */
export async function choosePort<T>(asked: number | undefined, last: number | null, listen: (port: number) => Promise<T>): Promise<T> {
  if (asked !== undefined && asked !== 0) return listen(asked);
  const candidates = last !== null ? [last] : [];
  if (asked === 0) candidates.push(0);
  else candidates.push(...Array.from({ length: PORTS_TRIED }, (_, offset) => DEFAULT_PROXY_PORT + offset));
  let refusal: unknown;
  for (const port of candidates) {
    try {
      return await listen(port);
    } catch (error) {
      if (!isTaken(error)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}
