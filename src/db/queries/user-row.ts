import type { ProjectRole } from "#ports/identity.ts";

export interface UserRow {
  identity: string;
  display_name: string;
  role: "user" | "approver" | "admin";
  disabled_at: Date | null;
  last_seen_at: Date | null;
  created_at: Date;
}

/** As they are let in. */
export interface UserWithProjects extends UserRow {
  /** By project; of their own only those that were ever shared. */
  projects: Record<string, ProjectRole>;
}
