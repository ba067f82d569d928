import { z } from "zod";
import type { ProjectRole, ProjectShare } from "#ports/identity.ts";
import { Id } from "./fields.ts";
import { Account } from "./identity.ts";

/** What somebody may do with a project of somebody else; each includes those before it. */
export const ShareRole = z.enum(["viewer", "approver", "editor"]);
export type ShareRole = z.infer<typeof ShareRole>;

const RISING: readonly ProjectRole[] = [...ShareRole.options, "owner"];

/** The roles that may do what takes this one. */
export function rolesFrom(least: ProjectRole): readonly ProjectRole[] {
  return RISING.slice(RISING.indexOf(least));
}

export const SharePath = z.object({ project_id: Id, user: Account });
export const ShareBody = z.object({ role: ShareRole });

export const ShareAnswer: z.ZodType<ProjectShare> = z
  .object({ user: z.string(), role: ShareRole, shared_by: z.string(), shared_at: z.string() })
  .meta({ id: "ProjectShare", description: "What somebody may do with a project that is not theirs." });
