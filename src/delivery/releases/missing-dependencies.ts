import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

function nodeDependencies(directory: string): string[] {
  const text = read(join(directory, "package.json"));
  if (text === null || existsSync(join(directory, "node_modules"))) return [];
  try {
    const parsed: unknown = JSON.parse(text);
    const dependencies = typeof parsed === "object" && parsed !== null && "dependencies" in parsed ? parsed.dependencies : null;
    return typeof dependencies === "object" && dependencies !== null ? Object.keys(dependencies) : [];
  } catch {
    return [];
  }
}

function pythonDependencies(directory: string): string[] {
  return (read(join(directory, "requirements.txt")) ?? "")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("-"));
}

/** A sentence when a release names packages that nobody installed, to stand beside a failed gate; null when it names none. */
export function missingDependencies(directory: string): string | null {
  const names = [...nodeDependencies(directory), ...pythonDependencies(directory)];
  if (names.length === 0) return null;
  const shown = names.slice(0, 5).join(", ") + (names.length > 5 ? ", …" : "");
  return `The project depends on packages (${shown}), and packages are not installed into a release yet. Use what the language brings along.`;
}
