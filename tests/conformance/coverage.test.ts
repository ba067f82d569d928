import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { REQUIREMENTS } from "./requirements.ts";

const folder = new URL(".", import.meta.url);
const cited = readdirSync(folder)
  .filter((name) => name.endsWith(".test.ts"))
  .flatMap((name) => [...readFileSync(new URL(name, folder), "utf8").matchAll(/\bverifies\(\s*"([^"]+)"/g)].map((match) => match[1]));

test("every requirement is cited by a test", () => {
  const missing = Object.keys(REQUIREMENTS).filter((id) => !cited.includes(id));
  expect(missing).toEqual([]);
});

test("no requirement is cited twice: one behaviour, one test", () => {
  const twice = cited.filter((id, index) => cited.indexOf(id) !== index);
  expect(twice).toEqual([]);
});
