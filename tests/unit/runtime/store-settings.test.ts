import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LanggraphJson } from "#protocol/langgraph-json.ts";
import { readStoreOptions } from "#runtime/store-settings.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-store-settings-"));
  await writeFile(
    join(folder, "embed.mjs"),
    `export const fn = (texts) => texts.map((text) => [text.length, 1]);
     export class Fake { embedDocuments(texts) { return Promise.resolve(texts.map(() => [1, 2])); } }
     export const embeddings = new Fake();
     export const nothing = 7;`,
  );
  await writeFile(join(folder, "broken.mjs"), "throw new Error('no model today')");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const asked: string[] = [];
function read(store: object) {
  const settings = LanggraphJson.parse({ graphs: {}, store });
  const project = { configPath: join(folder, "langgraph.json"), folder, settings, envFile: null, ignored: [] };
  return readStoreOptions(project, (model) => {
    asked.push(model);
    return async (texts) => texts.map(() => [0, 1]);
  });
}
const withEmbed = (embed: string) => read({ index: { dims: 2, embed } });

describe("store of a langgraph.json", () => {
  it("names a model of the endpoint, a function of a file, or an Embeddings of one", async () => {
    const made = await Promise.all([withEmbed("openai:text-embedding-3-small"), withEmbed("./embed.mjs:fn"), withEmbed("embed.mjs:embeddings")]);
    expect(asked).toEqual(["text-embedding-3-small"]);
    expect(await Promise.all(made.map((options) => options.index?.embed(["four"])))).toEqual([[[0, 1]], [[4, 1]], [[1, 2]]]);
    expect(made.map((options) => options.index?.fields)).toEqual([["$"], ["$"], ["$"]]);
  });

  it.each([
    ["huggingface:some-model", /Use "openai:<model>"/],
    ["./embed.mjs:nothing", /no export "nothing" that is a function/],
    ["./embed.mjs:missing", /no export "missing"/],
    ["./nowhere.mjs:fn", /does not load/],
    ["./broken.mjs:fn", /no model today/],
  ])("refuses %s at the start", async (embed, words) => {
    await expect(withEmbed(embed)).rejects.toMatchObject({ code: "invalid_config", message: expect.stringMatching(words) });
  });

  it("has times; without any, items live for ever and reads refresh those that do not", async () => {
    expect(await read({ ttl: { default_ttl: 5, refresh_on_read: false } })).toEqual({ ttl: { defaultMinutes: 5, refreshOnRead: false } });
    expect(await read({})).toEqual({ ttl: { defaultMinutes: null, refreshOnRead: true } });
  });
});
