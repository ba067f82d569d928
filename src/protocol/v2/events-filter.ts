import { z } from "zod";

const Namespace = z.array(z.string().max(1_000)).max(100);

/**
 * Which events of a thread are wanted. Namespaces are prefixes, and a segment without `:` also stands for its runtime forms
 * (`tools` for `tools:<uuid>`); `depth` is how many levels below a prefix are included, `since` the number after which the history starts.
 */
export const EventsFilter = z.strictObject({
  channels: z.array(z.string().max(1_000)).max(1_000),
  namespaces: z.array(Namespace).max(1_000).nullish(),
  depth: z.number().int().nonnegative().nullish(),
  since: z.number().int().nonnegative().nullish(),
});
export type EventsFilter = z.infer<typeof EventsFilter>;
