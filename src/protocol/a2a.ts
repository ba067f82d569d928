import { z } from "zod";
import { maybe } from "./fields.ts";

/** What is read of a JSON-RPC call before the protocol's own library reads it. */
export const A2aCall = z.object({ method: z.string(), id: z.union([z.string(), z.number()]).nullish() });

export const A2aCardQuery = z.object({ assistant_id: maybe(z.string().min(1)) });
