import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type postgres from "postgres";
import { appPaths } from "#delivery/releases/app-paths.ts";

export interface OwnedProject {
  id: string;
  slug: string;
  release: string;
}

/** A project with a release that did not come up, as its rows and its log: what is read, listed and refused without building anything. */
export async function ownedProject(sql: postgres.Sql, dataDir: string, { owner, name }: { owner: string; name: string }): Promise<OwnedProject> {
  const [id, release] = [randomUUID(), randomUUID()];
  const slug = `p-${id.slice(0, 8)}`;
  await sql`insert into projects (id, owner, name, slug, goal, stack, created_by) values (${id}, ${owner}, ${name}, ${slug}, ${name}, 'node', ${id})`;
  await sql`insert into releases (id, project_id, number, commit_sha, status, start_command, health_path)
    values (${release}, ${id}, 1, ${"a".repeat(40)}, 'failed', ${`node ${name}.js`}, '/health')`;
  const { logs } = appPaths(dataDir, slug);
  mkdirSync(logs, { recursive: true });
  writeFileSync(join(logs, "1.log"), `${name} listens\n`);
  return { id, slug, release };
}

/** Makes a thread work on a project, as those that a team is started on do. */
export async function workOn(sql: postgres.Sql, threadId: string, projectId: string): Promise<void> {
  await sql`update threads set project_id = ${projectId} where thread_id = ${threadId}`;
  await sql`update approvals set project_id = ${projectId} where thread_id = ${threadId}`;
}
