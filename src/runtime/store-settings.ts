import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { AppError } from "#errors";
import type { EmbedTexts } from "#ports/models.ts";
import { prepareForeignTypeScript, shareOurLangGraph } from "./foreign-modules.ts";
import type { LanggraphProject } from "./langgraph-project.ts";

export interface StoreOptions {
  /** Search by meaning. `fields`: what is embedded of an item when its `put` does not say; `$` is all of it. */
  index?: { dims: number; fields: readonly string[]; embed: EmbedTexts };
  /** For items whose `put` does not say, and for reads that do not. */
  ttl?: { defaultMinutes: number | null; refreshOnRead: boolean };
}

/**
 * `store` of a langgraph.json as what a store works with. `embedWith` makes a model of the endpoint, by name, for `openai:<name>`; a
 * `./file.ts:export` is a function from texts to vectors or LangChain's Embeddings.
 *
 * @throws AppError `invalid_config` for an `embed` that is neither, is not there or is no function.
 */
export async function readStoreOptions(project: LanggraphProject, embedWith: (model: string) => EmbedTexts): Promise<StoreOptions> {
  const { index, ttl } = project.settings.store ?? {};
  return {
    ...(index ? { index: { dims: index.dims, fields: index.fields ?? ["$"], embed: await embedderOf(index.embed, project.folder, embedWith) } } : {}),
    ttl: { defaultMinutes: ttl?.default_ttl ?? null, refreshOnRead: ttl?.refresh_on_read ?? true },
  };
}

async function embedderOf(embed: string, folder: string, embedWith: (model: string) => EmbedTexts): Promise<EmbedTexts> {
  const colon = embed.lastIndexOf(":");
  const [before, name] = colon === -1 ? [embed, "default"] : [embed.slice(0, colon), embed.slice(colon + 1)];
  if (before === "openai") return embedWith(name);
  if (!/[./]/.test(before)) {
    throw new AppError("invalid_config", `store.index.embed is "${embed}". Use "openai:<model>" for an OpenAI-compatible endpoint, or "./file.ts:export".`);
  }
  const file = resolve(folder, before);
  const exported = (await load(file, embed))[name];
  if (typeof exported === "function") return async (texts) => (await exported(texts)) as number[][];
  if (typeof exported === "object" && exported !== null && "embedDocuments" in exported && typeof exported.embedDocuments === "function") {
    // LangChain's Embeddings, of whatever copy
    const embeddings = exported as { embedDocuments: EmbedTexts };
    return (texts) => embeddings.embedDocuments(texts);
  }
  throw new AppError("invalid_config", `store.index.embed: ${before} has no export "${name}" that is a function or an Embeddings.`);
}

async function load(file: string, embed: string): Promise<Record<string, unknown>> {
  try {
    shareOurLangGraph();
    if (/^\.[cm]?tsx?$/.test(extname(file))) await prepareForeignTypeScript(null);
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (cause) {
    throw new AppError("invalid_config", `store.index.embed: ${embed} does not load: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
