import { registerHooks } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createPathsMatcher, getTsconfig, type PathsMatcher } from "get-tsconfig";

const TYPESCRIPT_FILE = /^file:(?!.*\/node_modules\/).*\.[cm]?tsx?(?:\?|$)/;
const matchers = new Map<string, PathsMatcher | null>();

/**
 * Follows `paths` of the tsconfig.json nearest to the importing file. tsx reads one tsconfig a process, and a langgraph.json may name graphs
 * of several packages. To be registered after tsx, which then finds the extension.
 */
export function followPathAliases(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const from = context.parentURL;
      if (from === undefined || !isBare(specifier) || !TYPESCRIPT_FILE.test(from)) return next(specifier, context);
      for (const candidate of matcherFor(dirname(fileURLToPath(from)))?.(specifier) ?? []) {
        try {
          return next(pathToFileURL(candidate).href, context);
        } catch {
          // as TypeScript does: the next place in the list, at last the package of that name
        }
      }
      return next(specifier, context);
    },
  });
}

function matcherFor(folder: string): PathsMatcher | null {
  let matcher = matchers.get(folder);
  if (matcher === undefined) {
    const tsconfig = readTsconfig(folder);
    matcher = tsconfig === null ? null : createPathsMatcher(tsconfig);
    matchers.set(folder, matcher);
  }
  return matcher;
}

/** A tsconfig.json that cannot be read, such as one that extends a package that is not installed, has no aliases. */
function readTsconfig(folder: string): ReturnType<typeof getTsconfig> {
  try {
    return getTsconfig(folder);
  } catch {
    return null;
  }
}

function isBare(specifier: string): boolean {
  return !/^(?:\.{0,2}\/|\.{1,2}$|[a-z]+:)/i.test(specifier);
}
