import { createRequire, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { followPathAliases } from "./path-aliases.ts";

const requireOurs = createRequire(import.meta.url);
let shared = false;
let typescript: Promise<void> | undefined;

/** Packages that must be one instance in the process, and that a graph file without a node_modules of its own may take from us. */
const OURS = /^(?:@langchain\/|langchain(?:\/|$)|zod(?:\/|$))/;

/**
 * A foreign project that has not installed its packages still finds LangGraph, LangChain and zod: ours. What it has itself wins.
 */
export function shareOurLangGraph(): void {
  if (shared) return;
  shared = true;
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if (!OURS.test(specifier)) throw error;
        // a CommonJS file gets the build that it can require
        if (context.conditions.includes("require")) return { url: pathToFileURL(requireOurs.resolve(specifier)).href, shortCircuit: true };
        return next(specifier, { ...context, parentURL: import.meta.url });
      }
    },
  });
}

/**
 * Lets Node load the TypeScript that type stripping cannot: enums, decorators, `.js` specifiers that mean `.ts`, path aliases. tsx's
 * `register` keeps one module graph, so the project gets the same LangGraph as we have (its `tsImport` would bring a second one).
 *
 * @param tsconfig of the first foreign project; tsx takes one per process. It decides how decorators and JSX are compiled; path aliases are each project's own.
 */
export function prepareForeignTypeScript(tsconfig: string | null): Promise<void> {
  typescript ??= (async () => {
    // tsx reads this variable and nothing else for its tsconfig
    if (tsconfig !== null) process.env["TSX_TSCONFIG_PATH"] ??= tsconfig;
    const { register } = await import("tsx/esm/api");
    register();
    followPathAliases();
  })();
  return typescript;
}
