import { sweepStoreItems } from "#db/queries/sweep-store-items.ts";
import type { Chore } from "./chore.ts";
import type { RuntimeContext } from "./runtime-context.ts";

const AT_ONCE = 1_000;

/** Removes items of the long-term store whose time is over. Nobody reads them any more, so this only gives the room back. */
export function expiredItems(context: Pick<RuntimeContext, "database">, everyMinutes = 5): Chore {
  return {
    name: "expired items of the store",
    everyMs: everyMinutes * 60_000,
    async run() {
      while ((await sweepStoreItems(context.database.sql, AT_ONCE)) === AT_ONCE);
    },
  };
}
