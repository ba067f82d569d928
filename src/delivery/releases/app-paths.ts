import { join, resolve } from "node:path";

/** Where an app keeps its things in DATA_DIR. */
export interface AppPaths {
  releases: string;
  /** State that survives deployments; STORAGE_DIR of every release. */
  storage: string;
  logs: string;
}

/** Where the releases, the storage and the logs of one project lie. */
export function appPaths(dataDir: string, slug: string): AppPaths {
  const root = join(resolve(dataDir), "apps", slug);
  return { releases: join(root, "releases"), storage: join(root, "shared"), logs: join(root, "logs") };
}

/** `<number>-<sha7>` */
export function releaseName(release: { number: number; commitSha: string }): string {
  return `${release.number}-${release.commitSha.slice(0, 7)}`;
}

/** The project's repository; made by the workspaces. */
export function repositoryPath(dataDir: string, projectId: string): string {
  return join(resolve(dataDir), "projects", projectId, "repo.git");
}
