import type { Stack } from "#ports/projects.ts";
import { nodeTemplate } from "./node.ts";
import { pythonTemplate } from "./python.ts";
import type { TemplateFiles } from "./template-files.ts";

/** The files a new project starts with. They hold no test on purpose: a green baseline must be earned. */
export function templateOf(stack: Stack, projectName: string): TemplateFiles {
  return stack === "node" ? nodeTemplate(projectName) : pythonTemplate(projectName);
}
