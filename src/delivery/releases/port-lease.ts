/**
 * A port belongs to one release from before it is started until it has drained: a row in `port_leases` keeps Slipway's releases apart,
 * a bind test keeps them apart from the rest of the machine.
 */
import { randomInt } from "node:crypto";
import { eq } from "drizzle-orm";
import { AppError } from "#errors";
import type { Database } from "#db/client.ts";
import { portLeases } from "#db/schema/releases.ts";
import { isPortFree } from "../supervisor/port-owner.ts";

/** Where delivered services listen. Below 32768, where Linux begins to hand out ports for outgoing connections. */
export const SERVICE_PORTS = { first: 20_000, last: 29_999 } as const;
const COUNT = SERVICE_PORTS.last - SERVICE_PORTS.first + 1;
const ATTEMPTS = 200;

/** The release's port: the one it has, or a new one. @throws AppError `port_unavailable`. */
export async function leasePort(database: Database, releaseId: string, pick: () => number = () => SERVICE_PORTS.first + randomInt(COUNT)): Promise<number> {
  const { drizzle } = database;
  const [known] = await drizzle.select().from(portLeases).where(eq(portLeases.releaseId, releaseId));
  if (known) return known.port;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = pick();
    if (!(await isPortFree(port))) continue;
    const [row] = await drizzle.insert(portLeases).values({ port, releaseId }).onConflictDoNothing().returning();
    if (row) return row.port;
  }
  throw new AppError("port_unavailable", `No free port was found between ${SERVICE_PORTS.first} and ${SERVICE_PORTS.last} in ${ATTEMPTS} attempts.`);
}
