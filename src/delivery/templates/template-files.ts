import type { Stack } from "#ports/projects.ts";
import { nodeTemplate } from "./node.ts";
import { pythonTemplate } from "./python.ts";

/** Relative path to content: the first commit of a project. */
export type TemplateFiles = Readonly<Record<string, string>>;

/** The files a new project starts with. They hold no test on purpose: a green baseline must be earned. */
export function templateFiles(stack: Stack, projectName: string): TemplateFiles {
  return stack === "node" ? nodeTemplate(projectName) : pythonTemplate(projectName);
}
