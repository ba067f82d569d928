import { existsSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { AppError } from "#errors";
import { prepareForeignTypeScript, shareOurLangGraph } from "./foreign-modules.ts";

/** What `file:export` in a langgraph.json names. */
export interface ForeignExport {
  /** Absolute path. */
  readonly file: string;
  readonly exportName: string;
  /** It belongs to this package. */
  readonly ours: boolean;
}

/** A file whose nearest package is this one needs neither tsx nor help with resolving LangGraph. */
const OUR_PACKAGE = fileURLToPath(new URL("../../package.json", import.meta.url));
const TYPESCRIPT = new Set([".ts", ".tsx", ".mts", ".cts"]);

/**
 * @param spec `path/of/file.ts:name`; without a name the default export
 * @param key where it stands in the langgraph.json, for the message
 * @throws AppError `graph_load_failed` when there is no such file, or it is Python
 */
export function locateExport(spec: string, key: string, project: { folder: string; configPath: string }): ForeignExport {
  const colon = spec.lastIndexOf(":");
  // a drive letter is not an export
  const hasExport = colon > 1;
  const path = hasExport ? spec.slice(0, colon) : spec;
  const exportName = hasExport ? spec.slice(colon + 1) : "default";
  if (path.endsWith(".py")) throw new AppError("graph_load_failed", `${path} is Python; this server runs JavaScript and TypeScript graphs.`);
  const file = resolve(project.folder, path);
  if (!existsSync(file)) throw new AppError("graph_load_failed", `there is no file ${file} (${key} in ${project.configPath})`);
  return { file, exportName, ours: nearestFile(dirname(file), "package.json") === OUR_PACKAGE };
}

/**
 * Imports the module and answers the export, awaited. TypeScript of any kind loads without a build.
 *
 * @param timeoutMs a module whose top-level await never ends must not keep the others from being served
 */
export async function importExport(located: ForeignExport, timeoutMs: number): Promise<unknown> {
  const { file, exportName, ours } = located;
  if (!ours) shareOurLangGraph();
  if (!ours && isTypeScript(file)) await prepareForeignTypeScript(nearestFile(dirname(file), "tsconfig.json"));
  return withinTime(readExport(file, exportName), timeoutMs, "load");
}

async function readExport(file: string, exportName: string): Promise<unknown> {
  const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  // CommonJS modules arrive under `default`, and transpiled ones once more under theirs
  for (const place of [module, module["default"], isDictionary(module["default"]) ? module["default"]["default"] : undefined]) {
    if (isDictionary(place) && exportName in place && !(exportName === "default" && isNamespace(place[exportName]))) return await place[exportName];
  }
  if (exportName === "default" && module["default"] !== undefined) return await module["default"];
  throw new AppError("graph_load_failed", `${file} has no export "${exportName}". Exports: ${Object.keys(module).join(", ") || "none"}.`);
}

export function isTypeScript(file: string): boolean {
  return TYPESCRIPT.has(extname(file));
}

/** Rejects with `graph_load_failed` when it takes longer; what comes later is dropped. */
export async function withinTime<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new AppError("graph_load_failed", `it did not ${what} within ${timeoutMs / 1_000} s`)), timeoutMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** `module.exports` of transpiled code, which holds the true default export inside. */
function isNamespace(value: unknown): boolean {
  return isDictionary(value) && value["__esModule"] === true;
}

function isDictionary(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** The closest file of that name, going up. */
export function nearestFile(folder: string, name: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const path = resolve(at, name);
    if (existsSync(path)) return path;
    if (at === dirname(at)) return null;
  }
}
