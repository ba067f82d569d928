import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { locateExport, nearestFile } from "./foreign-export.ts";
import type { LanggraphProject } from "./langgraph-project.ts";

/** The first one whose questions have an id. */
const FIRST_WITH_IDS = [0, 3, 6] as const;

/** What to tell about graphs of a project that brings a LangGraph too old for questions: one text for each copy, none where all is well. */
export function oldLangGraphs({ settings, folder, configPath }: LanggraphProject): string[] {
  const graphsOf = new Map<string, string[]>();
  for (const [id, entry] of Object.entries(settings.graphs)) {
    const copy = copyOf(typeof entry === "string" ? entry : entry.path, { folder, configPath });
    if (copy !== null) graphsOf.set(copy, [...(graphsOf.get(copy) ?? []), id]);
  }
  return [...graphsOf].flatMap(([copy, ids]) => {
    const version = versionOf(copy);
    if (version === null || !isOlder(version)) return [];
    return [
      `${ids.join(", ")}: LangGraph ${version} (${dirname(copy)}) gives questions no id, so interrupt() does not work: an answer reaches its node as ` +
        `{"": answer}, and questions that wait side by side get the same one. Install ${FIRST_WITH_IDS.join(".")} or newer.`,
    ];
  });
}

/** The package.json of the LangGraph that a graph's file imports; null when it is ours, or the file is not there, which its loading tells. */
function copyOf(spec: string, project: { folder: string; configPath: string }): string | null {
  try {
    const { file, ours } = locateExport(spec, "graphs", project);
    return ours ? null : nearestFile(dirname(file), "node_modules/@langchain/langgraph/package.json");
  } catch {
    return null;
  }
}

function versionOf(copy: string): string | null {
  try {
    const description: unknown = JSON.parse(readFileSync(copy, "utf8"));
    return typeof description === "object" && description !== null && "version" in description ? String(description.version) : null;
  } catch {
    return null;
  }
}

function isOlder(version: string): boolean {
  const parts = version.split(/[.-]/).map(Number);
  for (const [place, least] of FIRST_WITH_IDS.entries()) {
    const part = parts[place] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}
