import { createRequire } from "node:module";
import { basename, dirname, extname, join } from "node:path";
import type ts from "@typescript/typescript6";
import { jsonSchemaOfType, type JsonSchema } from "./json-schema-of-type.ts";

export interface GraphSource {
  readonly file: string;
  readonly exportName: string;
}

export type ExtractedSchemas = Record<"state" | "input" | "output" | "context", JsonSchema | null>;

const requireOurs = createRequire(import.meta.url);

/** What a graph may be exported as, and the four types that LangGraph keeps in a compiled graph for such readers. */
const questionsAbout = (source: GraphSource) => `
import * as graphs from "./${basename(source.file)}";
type Exported = (typeof graphs)[${JSON.stringify(source.exportName)}];
type Made = Exported extends (...given: never[]) => infer R ? Awaited<R> : Awaited<Exported>;
type Compiled = Made extends { compile(...given: never[]): infer C } ? C : Made extends { graph: infer G extends { "~RunOutput": unknown } } ? G : Made;
type Field<K extends string> = Compiled extends Record<K, infer T> ? T : never;
export type State = Field<"~RunOutput">;
export type Input = Field<"~InputType">;
export type Output = Field<"~OutputType">;
export type Context = Compiled extends { invoke(input: never, options?: infer O): unknown } ? (NonNullable<O> extends { context?: infer C } ? NonNullable<C> : never) : never;
`;

/** The project's own compiler where it has one with an interface for programs (version 7 has none yet), else ours. */
function compilerFor(folder: string): typeof ts {
  try {
    const theirs = createRequire(join(folder, "package.json"))("typescript") as Partial<typeof ts>;
    if (typeof theirs.createProgram === "function" && typeof theirs.sys === "object") return theirs as typeof ts;
  } catch {
    // not installed
  }
  return requireOurs("@typescript/typescript6") as typeof ts;
}

function optionsFor(api: typeof ts, folder: string): ts.CompilerOptions {
  const path = api.findConfigFile(folder, api.sys.fileExists.bind(api.sys));
  const read = path === undefined ? undefined : api.readConfigFile(path, api.sys.readFile.bind(api.sys));
  const theirs = path === undefined ? {} : api.parseJsonConfigFileContent(read?.config ?? {}, api.sys, dirname(path)).options;
  const usual = { module: api.ModuleKind.NodeNext, target: api.ScriptTarget.ES2022, jsx: api.JsxEmit.Preserve };
  const needed = { noEmit: true, allowImportingTsExtensions: true, skipLibCheck: true, strict: true, composite: false, incremental: false, allowJs: false };
  return { ...usual, ...theirs, ...needed };
}

/** Reads the types of one graph's source: seconds of work that hold up everything in the thread. Null when they say nothing. */
export function extractSchemas(source: GraphSource): ExtractedSchemas | null {
  const folder = dirname(source.file);
  const api = compilerFor(folder);
  const options = optionsFor(api, folder);
  const extension = extname(source.file) === ".ts" || extname(source.file) === ".tsx" ? ".ts" : extname(source.file);
  const asked = join(folder, `__slipway_schemas__${extension}`);
  const host = api.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => path === asked || fileExists.call(host, path);
  host.readFile = (path) => (path === asked ? questionsAbout(source) : readFile.call(host, path));
  const { getSourceFile } = host;
  host.getSourceFile = (path, version, ...rest) =>
    path === asked ? api.createSourceFile(path, questionsAbout(source), version, true) : getSourceFile.call(host, path, version, ...rest);
  // a project that has not installed LangGraph runs on ours, so its types are ours too
  host.resolveModuleNameLiterals = (literals, from, redirected, settings, file) =>
    literals.map((literal) => {
      const mode = file === undefined ? undefined : api.getModeForUsageLocation(file, literal, settings);
      const own = api.resolveModuleName(literal.text, from, settings, host, undefined, redirected, mode);
      if (own.resolvedModule !== undefined || literal.text.startsWith(".")) return own;
      return api.resolveModuleName(literal.text, import.meta.filename, settings, host, undefined, redirected, mode);
    });

  const program = api.createProgram({ rootNames: [asked], options, host });
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(asked);
  const exported = new Map<string, ts.Type>();
  for (const statement of file?.statements ?? []) {
    if (api.isTypeAliasDeclaration(statement)) exported.set(statement.name.text, checker.getTypeAtLocation(statement));
  }
  const describe = (name: string): JsonSchema | null => {
    const type = exported.get(name);
    if (type === undefined) return null;
    const schema = jsonSchemaOfType(api, checker, type);
    return schema["properties"] === undefined && schema["anyOf"] === undefined ? null : schema;
  };
  const schemas = { state: describe("State"), input: describe("Input"), output: describe("Output"), context: describe("Context") };
  return schemas.state === null && schemas.input === null ? null : schemas;
}
