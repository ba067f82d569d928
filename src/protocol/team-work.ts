import { z } from "zod";

/** What the product owner gives the engineering team: the input of the `engineering` graph. */
export const EngineeringOrder = z.object({
  project_id: z.uuid(),
  project_name: z.string(),
  stack: z.enum(["node", "python"]),
  /** The person's request in full, in their words, with every answer they gave to questions. */
  request: z.string().min(1),
  /** BCP 47 language of the person, e.g. `en`, `ru`. Descriptions that a person reads are written in it. */
  language: z.string(),
});
export type EngineeringOrder = z.infer<typeof EngineeringOrder>;

/** `result` of the `engineering` graph's state when it ended. */
export const EngineeringResult = z.object({
  status: z.enum(["green", "rejected", "given_up", "failed"]),
  project_id: z.uuid(),
  delivery_id: z.uuid(),
  commit_sha: z.string().nullable(),
  report_id: z.string().nullable(),
  tests: z.object({ executed: z.number(), passed: z.number(), failed: z.number() }).nullable(),
  rounds: z.number(),
  start_command: z.string().nullable(),
  health_path: z.string().nullable(),
  /** One or two sentences for the product owner. */
  summary: z.string(),
});
export type EngineeringResult = z.infer<typeof EngineeringResult>;

/** What the product owner gives the devops team: the input of the `devops` graph. */
export const DevopsOrder = z.object({
  project_id: z.uuid(),
  project_name: z.string(),
  action: z.enum(["deploy", "rollback", "undeploy"]),
  /** For `deploy`: the green delivery. */
  delivery_id: z.uuid().nullable(),
  /** Why, for `rollback` and `undeploy`. */
  reason: z.string(),
  language: z.string(),
});
export type DevopsOrder = z.infer<typeof DevopsOrder>;

/** `result` of the `devops` graph's state when it ended. */
export const DevopsResult = z.object({
  status: z.enum(["live", "rolled_back", "rejected", "failed", "undeployed"]),
  project_id: z.uuid(),
  release_id: z.string().nullable(),
  release_number: z.number().nullable(),
  url: z.string().nullable(),
  direct_url: z.string().nullable(),
  summary: z.string(),
  /** Who decided about it in place of the person whose work it is: a name, `policy:<rule>` or `expiry`. Absent or null: that person. */
  decided: z.object({ by: z.string(), message: z.string().nullable() }).nullish(),
});
export type DevopsResult = z.infer<typeof DevopsResult>;
