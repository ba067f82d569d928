import { z } from "zod";
import { Id, MAX_PAGE, maybe, PageFields, present } from "./fields.ts";

/** `owner`: whose, for who sees those of others. */
export const ProjectsQuery = z
  .object({
    limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
    offset: PageFields.offset,
    owner: maybe(z.string().max(512)),
  })
  .transform(present);

export const ProjectPath = z.object({ project_id: Id });

/** Default: back to the release that was healthy before the serving one. */
export const RollbackBody = z
  .object({
    release_id: maybe(Id),
    /** Only while this one serves: a request that is sent again does not go back twice. */
    from_release_id: maybe(Id),
    reason: z
      .string()
      .max(2_000)
      .nullish()
      .transform((reason) => reason ?? "requested over HTTP"),
  })
  .transform(({ release_id, from_release_id, reason }) => present({ releaseId: release_id, fromReleaseId: from_release_id, reason }));

export const LogsQuery = z.object({
  lines: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .nullish()
    .transform((lines) => lines ?? 200),
});

const Stack = z.enum(["node", "python"]);

const SpecAnswer = z.object({
  goal: z.string(),
  stack: Stack,
  acceptance_criteria: z.array(z.string()),
  test_command: z.string(),
  start_command: z.string(),
  health_path: z.string(),
});

const ReleaseAnswer = z
  .object({
    id: z.string(),
    project_id: z.string(),
    number: z.number(),
    commit_sha: z.string(),
    status: z.enum(["starting", "live", "draining", "retired", "failed", "rolled_back"]),
    port: z.number().nullable(),
    start_command: z.string(),
    health_path: z.string(),
    approval_id: z.string().nullable(),
    report_id: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: "Release", description: "One deployed commit of a project." });
export type ReleaseAnswer = z.infer<typeof ReleaseAnswer>;

export const ServiceStatusAnswer = z
  .object({
    project_id: z.string(),
    url: z.string().nullable(),
    direct_url: z.string().nullable(),
    serving: ReleaseAnswer.nullable(),
    rollback_target: ReleaseAnswer.nullable(),
    releases: z.array(ReleaseAnswer),
  })
  .meta({ id: "ServiceStatus", description: "What of a project runs, and at which address." });
export type ServiceStatusAnswer = z.infer<typeof ServiceStatusAnswer>;

export const DeployOutcomeAnswer = z
  .object({
    status: z.enum(["live", "rolled_back", "failed"]),
    release: ReleaseAnswer,
    url: z.string().nullable(),
    direct_url: z.string().nullable(),
    serving: ReleaseAnswer.nullable(),
    evidence: z.array(
      z.object({ phase: z.enum(["process", "port", "answer", "identity", "switch", "watch", "rollback"]), ok: z.boolean(), message: z.string() }),
    ),
    log_tail: z.string(),
  })
  .meta({ id: "DeployOutcome", description: "What became of a deployment." });
export type DeployOutcomeAnswer = z.infer<typeof DeployOutcomeAnswer>;

export const ProjectAnswer = z
  .object({
    id: z.string(),
    owner: z.string(),
    name: z.string(),
    slug: z.string(),
    goal: z.string(),
    stack: Stack,
    spec: SpecAnswer.nullable(),
    created_at: z.string(),
    /** What the caller may do with it. */
    role: z.enum(["viewer", "approver", "editor", "owner", "admin", "decides"]),
    service: ServiceStatusAnswer,
    /** Only where one project was asked for. */
    usage: z.object({ calls: z.number(), input_tokens: z.number(), output_tokens: z.number(), replayed: z.number() }).exactOptional(),
  })
  .meta({ id: "Project", description: "Delivered software." });
export type ProjectAnswer = z.infer<typeof ProjectAnswer>;
