import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createLog } from "#log";
import { extractSchemas } from "#runtime/typescript-schemas/extract.ts";
import { typeScriptSchemas } from "#runtime/typescript-schemas/read.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const silent = createLog("silent");
const TRIP = fileURLToPath(new URL("../../fixtures/projects/annotated/trip.ts", import.meta.url));

async function schemasOf(text: string) {
  const file = join(temporaryFolder("types"), "graph.ts");
  await writeFile(file, text);
  return extractSchemas({ file, exportName: "graph" });
}

test("a reader that takes too long answers nothing, and the next one is asked all the same", async () => {
  const read = typeScriptSchemas(silent, 1);
  expect(await Promise.all([read({ file: TRIP, exportName: "graph" }), read({ file: TRIP, exportName: "makeGraph" })])).toEqual([null, null]);
});

test("types without an end, and ones that JSON does not have, are described as far as that goes", async () => {
  const schemas = await schemasOf(`
    import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
    interface Tree { name: string; children: Tree[]; parent?: Tree }
    type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
    type Deep<T> = { deeper: Deep<T[]>; value: T };
    const State = Annotation.Root({
      tree: Annotation<Tree>(), json: Annotation<Json>(), deep: Annotation<Deep<string>>(), call: Annotation<() => void>(),
      pair: Annotation<[string, number]>(), either: Annotation<"a" | 1 | null>(), big: Annotation<bigint>(), map: Annotation<Map<string, string>>(), any: Annotation(),
    });
    export const graph = async () => new StateGraph(State).addNode("n", () => ({})).addEdge(START, "n").addEdge("n", END).compile();
  `);
  expect(schemas?.state?.["properties"]).toMatchObject({
    tree: { properties: { name: { type: "string" }, children: { type: "array", items: {} } }, required: ["name", "children"] },
    pair: { type: "array", items: [{ type: "string" }, { type: "number" }] },
    big: { type: "string" },
    map: {},
    any: {},
    deep: { properties: { value: { type: "string" } } },
  });
  expect(schemas?.state?.["properties"]).not.toHaveProperty("call");
  expect(JSON.stringify(schemas).length).toBeLessThan(20_000);
});

test("source with mistakes in it is read as far as it goes, and what is no graph has no schemas", async () => {
  expect(await schemasOf("export const graph = nothing.compile({{")).toBeNull();
  expect(await schemasOf("export const other = 1")).toBeNull();
});
