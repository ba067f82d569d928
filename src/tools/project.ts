import { tool } from "@langchain/core/tools";
import { z } from "zod";
import { findProject, newestDeliveries } from "./find-project.ts";
import type { ToolContext } from "./tool-context.ts";

export const ProjectName = z.string().trim().min(1).max(60);

/** Key of a project's creation: one conversation makes one project of a name, however often it is asked for. */
export const creationKey = (name: string) => `project:${name.trim().toLowerCase()}`;

/** An empty project; a conversation makes one of a name (see {@link creationKey}). */
export function makeCreateProject({ ports }: ToolContext) {
  return tool(
    async ({ name, goal, stack }) => {
      const project = await ports.projects.create({ call: creationKey(name), name, goal, stack });
      return `Project "${project.name}" exists (${project.stack}). Nothing is built yet; start_delivery does that.`;
    },
    {
      name: "create_project",
      description: "Creates an empty project without building anything. Only when the person wants just that: start_delivery creates its project by itself.",
      schema: z.object({
        name: ProjectName.describe("Short name, as the person calls it"),
        goal: z.string().min(1).describe("What it is for, one sentence"),
        stack: z.enum(["node", "python"]),
      }),
    },
  );
}

/** The person's projects. */
export function makeListProjects({ ports }: ToolContext) {
  return tool(
    async () => {
      const projects = (await ports.projects.list()).slice(0, 30);
      if (projects.length === 0) return "This person has no projects yet.";
      return projects.map((project) => `- "${project.name}" (${project.stack}): ${project.goal}`).join("\n");
    },
    { name: "list_projects", description: "Lists the person's projects, newest first.", schema: z.object({}) },
  );
}

/** One project: its plan, its deliveries, and where it runs. */
export function makeShowProject({ ports }: ToolContext) {
  return tool(
    async ({ project: name }) => {
      const project = await findProject(ports.projects, name);
      if (typeof project === "string") return project;
      const [deliveries, service] = await Promise.all([newestDeliveries(ports.projects, project.id), ports.releases.status(project.id)]);
      const criteria = project.spec?.acceptanceCriteria.map((line) => `  - ${line}`) ?? [];
      const history = deliveries.slice(0, 10).map((delivery) => `  - ${delivery.status} after ${delivery.rounds} rounds: ${delivery.request.slice(0, 200)}`);
      return [
        `"${project.name}" (${project.stack}): ${project.goal}`,
        ...(criteria.length > 0 ? ["Acceptance criteria:", ...criteria] : []),
        history.length > 0 ? "Deliveries:" : "No deliveries yet.",
        ...history,
        service.serving === null
          ? "Not deployed."
          : `Deployed: release ${service.serving.number} at ${service.url ?? service.directUrl ?? "an unknown address"}`,
      ].join("\n");
    },
    {
      name: "show_project",
      description: "Shows a project's goal, acceptance criteria, deliveries and where it runs.",
      schema: z.object({ project: ProjectName }),
    },
  );
}
