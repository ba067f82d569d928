import { z } from "zod";
import type { Project, ProjectSpec } from "#ports/projects.ts";
import type { DeployOutcome, Release, ServiceStatus } from "#ports/releases.ts";
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

const Stack = z.enum(["node", "python"]);

const SpecAnswer: z.ZodType<ProjectSpec> = z.object({
  goal: z.string(),
  stack: Stack,
  acceptanceCriteria: z.array(z.string()),
  testCommand: z.string(),
  startCommand: z.string(),
  healthPath: z.string(),
});

const ReleaseAnswer: z.ZodType<Release> = z
  .object({
    id: z.string(),
    projectId: z.string(),
    number: z.number(),
    commitSha: z.string(),
    status: z.enum(["starting", "live", "draining", "retired", "failed", "rolled_back"]),
    port: z.number().nullable(),
    startCommand: z.string(),
    healthPath: z.string(),
    approvalId: z.string().nullable(),
    reportId: z.string().nullable(),
    createdAt: z.string(),
  })
  .meta({ id: "Release", description: "One deployed commit of a project." });

export const ServiceStatusAnswer: z.ZodType<ServiceStatus> = z
  .object({
    projectId: z.string(),
    url: z.string().nullable(),
    directUrl: z.string().nullable(),
    serving: ReleaseAnswer.nullable(),
    rollbackTarget: ReleaseAnswer.nullable(),
    releases: z.array(ReleaseAnswer),
  })
  .meta({ id: "ServiceStatus", description: "What of a project runs, and at which address." });

export const DeployOutcomeAnswer: z.ZodType<DeployOutcome> = z
  .object({
    status: z.enum(["live", "rolled_back", "failed"]),
    release: ReleaseAnswer,
    url: z.string().nullable(),
    directUrl: z.string().nullable(),
    serving: ReleaseAnswer.nullable(),
    evidence: z.array(
      z.object({ phase: z.enum(["process", "port", "answer", "identity", "switch", "watch", "rollback"]), ok: z.boolean(), message: z.string() }),
    ),
    logTail: z.string(),
  })
  .meta({ id: "DeployOutcome", description: "What became of a deployment." });

export const ProjectAnswer: z.ZodType<Project & { service: ServiceStatus }> = z
  .object({
    id: z.string(),
    owner: z.string(),
    name: z.string(),
    slug: z.string(),
    goal: z.string(),
    stack: Stack,
    spec: SpecAnswer.nullable(),
    createdAt: z.string(),
    service: ServiceStatusAnswer,
    /** Only where one project was asked for. */
    usage: z.object({ calls: z.number(), input_tokens: z.number(), output_tokens: z.number(), replayed: z.number() }).exactOptional(),
  })
  .meta({ id: "Project", description: "Delivered software." });
