/**
 * The `ui` of a langgraph.json: React components of a graph, bundled for the page that shows the graph's messages.
 *
 * A bundle is made when it is asked for first, kept, and made anew once a file that went into it has changed. The page brings React and
 * the SDK (`bootstrapUiContext` of `@langchain/langgraph-sdk/react-ui`): the bundle takes them from the page's own `require`.
 */
import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import { AppError } from "#errors";
import type { UiFile, UiService } from "#ports/services/ui.ts";
import type { LanggraphProject } from "./langgraph-project.ts";

interface Bundle {
  files: readonly UiFile[];
  /** What went into it, and when each of these files was last changed. */
  sources: ReadonlyMap<string, number>;
}

const FROM_THE_PAGE = ["react", "react-dom", "@langchain/langgraph-sdk", "@langchain/langgraph-sdk/react-ui"];
const MOST_FILES = 10_000;

/** Hands a component and a place to put it to the page's `LoadExternalComponent`. */
const RENDERER = `
export function render(name, shadowRootId) {
  const root = document.getElementById(shadowRootId).shadowRoot;
  const place = document.createElement("div");
  root.appendChild(place);
  window[Symbol.for("LGUI_EXT_STORE")].respond(shadowRootId, components[name], place);
}`;

/** The global name under which a graph's bundle can be asked to render. */
function globalNameOf(graphId: string): string {
  return `__LGUI_${graphId.replaceAll(/[^a-zA-Z0-9]/g, "_")}`;
}

/** Bundles of the components of a project, each made when it is first asked for. */
export function makeUiBundles(project: LanggraphProject): UiService {
  const entries = new Map(Object.entries(project.settings.ui ?? {}));
  const bundles = new Map<string, Promise<Bundle>>();

  async function bundleOf(graphId: string): Promise<Bundle> {
    const entry = entries.get(graphId);
    if (entry === undefined) throw new AppError("not_found", `UI not found for agent "${graphId.slice(0, 100)}"`);
    const known = bundles.get(graphId);
    if (known !== undefined && (await isFresh(known))) return known;
    // another request may have begun to make it anew meanwhile
    if (bundles.get(graphId) !== known) return bundleOf(graphId);
    const made = makeBundle(graphId, entry, project);
    bundles.set(graphId, made);
    // a source that does not compile is tried again with the next request
    made.catch(() => bundles.get(graphId) === made && bundles.delete(graphId));
    return made;
  }

  return {
    globalName: globalNameOf,
    files: async (graphId) => (await bundleOf(graphId)).files,
  };
}

async function makeBundle(graphId: string, entry: string, project: LanggraphProject): Promise<Bundle> {
  const file = resolve(project.folder, entry);
  if (relative(project.folder, file).split(sep)[0] === "..") {
    throw new AppError("graph_load_failed", `ui.${graphId} in ${project.configPath} lies outside of the project.`);
  }
  // loaded when the first component is asked for: most servers have none
  const esbuild = await import("esbuild");
  const begun = Date.now();
  const result = await esbuild
    .build({
      stdin: {
        contents: `import components from ${JSON.stringify(file)};${RENDERER}`,
        resolveDir: project.folder,
        sourcefile: "entrypoint.tsx",
        loader: "tsx",
      },
      outfile: join(project.folder, "entrypoint.js"),
      absWorkingDir: project.folder,
      write: false,
      bundle: true,
      metafile: true,
      platform: "browser",
      target: "es2020",
      jsx: "automatic",
      logLevel: "silent",
      globalName: globalNameOf(graphId),
      external: [...FROM_THE_PAGE, ...(project.settings.ui_config?.shared ?? [])],
      plugins: await tailwindOf(project),
    })
    .catch((cause: unknown) => {
      throw new AppError("graph_load_failed", `The UI of "${graphId}" cannot be bundled: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    });
  const files = result.outputFiles.slice(0, MOST_FILES).map((output) => ({
    name: basename(output.path),
    contents: basename(output.path) === "entrypoint.js" ? Buffer.from(takeFromPage(output.text)) : Buffer.from(output.contents),
  }));
  const paths = Object.keys(result.metafile.inputs)
    .filter((path) => !path.startsWith("<") && !path.includes("entrypoint.tsx"))
    .map((path) => resolve(project.folder, path));
  // a file that changes while it is read counts as changed
  const sources = new Map(await Promise.all(paths.map(async (path) => [path, Math.min(begun, await changedAt(path))] as const)));
  return { files, sources };
}

/** esbuild asks for a `require` for what is external; the page has one of its own. */
function takeFromPage(code: string): string {
  const pages = `globalThis[Symbol.for("LGUI_REQUIRE")]`;
  return code.replaceAll(`typeof require !== "undefined" ? require`, `typeof ${pages} !== "undefined" ? ${pages}`);
}

async function isFresh(made: Promise<Bundle>): Promise<boolean> {
  const bundle = await made.catch(() => null);
  if (bundle === null) return false;
  const changes = await Promise.all([...bundle.sources].map(async ([path, time]) => (await changedAt(path)) > time));
  return !changes.includes(true);
}

/** Milliseconds of the epoch; now for a file that is gone. */
async function changedAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
}

/** A project whose components use Tailwind brings the plugin that the reference server has built in. */
async function tailwindOf(project: LanggraphProject): Promise<Plugin[]> {
  let path: string;
  try {
    path = createRequire(join(project.folder, "package.json")).resolve("esbuild-plugin-tailwindcss");
  } catch {
    return [];
  }
  const module = (await import(pathToFileURL(path).href)) as { default: (() => Plugin) | { default: () => Plugin } };
  return [typeof module.default === "function" ? module.default() : module.default.default()];
}
