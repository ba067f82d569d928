import { z } from "zod";
import { Id, maybe, present } from "./fields.ts";

export const ProjectPath = z.object({ project_id: Id });

/** Default: back to the release that was healthy before the serving one. */
export const RollbackBody = z
  .object({
    release_id: maybe(Id),
    reason: z
      .string()
      .max(2_000)
      .nullish()
      .transform((reason) => reason ?? "requested over HTTP"),
  })
  .transform(({ release_id, reason }) => present({ releaseId: release_id, reason }));

export const LogsQuery = z.object({
  lines: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .nullish()
    .transform((lines) => lines ?? 200),
});
