import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readLanggraphProject } from "#runtime/langgraph-project.ts";
import { loadCustomApp } from "#runtime/load-custom-app.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

async function load(app: string | undefined, files: Record<string, string> = {}) {
  const folder = temporaryFolder("application");
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const configPath = join(folder, "langgraph.json");
  await writeFile(configPath, JSON.stringify({ graphs: {}, http: { app } }));
  return loadCustomApp(await readLanggraphProject({ configPath, environment: {} }));
}

describe("http.app", () => {
  test("is optional", async () => expect(await load(undefined)).toBeNull());

  test("may be any object with fetch, also behind a Promise and as the default export", async () => {
    const text = "export default Promise.resolve({ fetch: () => new Response('here') });";
    const app = await load("./app.mjs", { "app.mjs": text });
    expect(await (await app?.fetch(new Request("http://localhost/")))?.text()).toBe("here");
  });

  // its middleware may be what guards the routes, so nothing is served without it
  test.each([
    ["is not there", "./gone.ts:app", {}, "there is no file"],
    ["throws", "./app.mjs:app", { "app.mjs": "throw new Error('no database');" }, "no database"],
    ["has no such export", "./app.mjs:app", { "app.mjs": "export const other = 1;" }, 'no export "app"'],
    ["is no application", "./app.mjs:app", { "app.mjs": "export const app = 'text';" }, "no method fetch"],
    ["is Python", "./app.py:app", {}, "is Python"],
  ])("that %s ends the start in words", async (_name, app, files, words) => {
    await expect(load(app, files)).rejects.toMatchObject({ code: "invalid_config", message: expect.stringContaining(words) as string });
  });
});
