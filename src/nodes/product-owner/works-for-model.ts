import type { StartedWork } from "#tools/started-work.ts";

/** Team work as prompts show it: by name, without ids. */
export function worksForModel(works: Readonly<Record<string, StartedWork>>): { project: string; team: string; status: string }[] {
  return Object.values(works).map((work) => ({
    project: work.projectName,
    team: work.team,
    status: work.status === "waiting" ? "waiting for the person's decision" : work.status,
  }));
}
