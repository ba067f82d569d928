import { readFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { StateGraph } from "@langchain/langgraph";
import { expect, test } from "vitest";
import { z } from "zod";

const file = new URL("../../../langgraph.json", import.meta.url);
const { graphs } = z
  .object({ graphs: z.record(z.string(), z.object({ path: z.string(), description: z.string() })) })
  .parse(JSON.parse(await readFile(file, "utf8")));

test.each(Object.entries(graphs))("%s is a builder that compiles and draws without a server of ours", async (_id, place) => {
  const [path = "", name = ""] = place.path.split(":");
  const module = (await import(pathToFileURL(fileURLToPath(new URL(path, file))).href)) as Record<string, unknown>;
  const builder = module[name];
  expect(builder).toBeInstanceOf(StateGraph);
  if (!(builder instanceof StateGraph)) return;
  const drawing = (await builder.compile().getGraphAsync()).drawMermaid();
  expect(drawing).toContain("__start__");
  expect(drawing).toContain("__end__");
});

test("the ids that clients know", () => expect(Object.keys(graphs)).toEqual(["product_owner", "engineering", "devops"]));
