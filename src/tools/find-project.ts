import type { Delivery, Project, ProjectsPort } from "#ports/projects.ts";

/** A project by the name a model or a person used, or a text that tells which names there are. */
export async function findProject(projects: ProjectsPort, name: string): Promise<Project | string> {
  const project = await projects.find(name.trim());
  if (project !== null) return project;
  const names = (await projects.list()).slice(0, 20).map((one) => `"${one.name}"`);
  return names.length === 0
    ? `There is no project "${name}": this person has no projects yet.`
    : `There is no project "${name}". This person's projects: ${names.join(", ")}.`;
}

/** The port names no order; the newest delivery is what people mean. */
export async function newestDeliveries(projects: ProjectsPort, projectId: string): Promise<Delivery[]> {
  const deliveries = await projects.deliveries(projectId);
  return deliveries.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
}

/** Closes a delivery whose team will not do it any more; left open it would keep the project busy for ever. */
export async function closeDelivery(
  projects: ProjectsPort,
  projectId: string,
  deliveryId: string,
  status: "failed" | "cancelled" = "cancelled",
): Promise<void> {
  const delivery = (await projects.deliveries(projectId)).find((one) => one.id === deliveryId);
  if (delivery?.status === "planning" || delivery?.status === "building") await projects.saveDelivery({ id: delivery.id, projectId, status });
}
