import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { REQUIREMENTS } from "./requirements.ts";

const folders = [new URL(".", import.meta.url), new URL("../browser/", import.meta.url)];
const files = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => new URL(name, folder)),
);
const cited = files.flatMap((file) => [...readFileSync(file, "utf8").matchAll(/\bverifies\(\s*"([^"]+)"/g)].map((match) => match[1]));

test("every requirement is cited by a test", () => {
  const missing = Object.keys(REQUIREMENTS).filter((id) => !cited.includes(id));
  expect(missing).toEqual([]);
});

test("no requirement is cited twice: one behaviour, one test", () => {
  const twice = cited.filter((id, index) => cited.indexOf(id) !== index);
  expect(twice).toEqual([]);
});
