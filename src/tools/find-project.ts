import type { Project, ProjectsPort } from "#ports/projects.ts";

/** A project by the name a model or a person used, or a text that tells which names there are. */
export async function findProject(projects: ProjectsPort, name: string): Promise<Project | string> {
  const project = await projects.find(name.trim());
  if (project !== null) return project;
  const names = (await projects.list()).slice(0, 20).map((one) => `"${one.name}"`);
  return names.length === 0
    ? `There is no project "${name}": this person has no projects yet.`
    : `There is no project "${name}". This person's projects: ${names.join(", ")}.`;
}
