import { describe, expect, test } from "vitest";
import { applyBlocks } from "#delivery/edit/apply-blocks.ts";

const block = (search: string, replace: string, line?: number): string =>
  `<<<<<<< SEARCH\n${line === undefined ? "" : `:start_line:${line}\n-------\n`}${search === "" ? "" : `${search}\n`}=======\n${replace === "" ? "" : `${replace}\n`}>>>>>>> REPLACE\n`;

const PYTHON = "class A:\n    def run(self):\n        return 1\n\n\nclass B:\n    def run(self):\n        return 1\n";

describe("the ladder", () => {
  test("exact, with a line or without", () => {
    expect(applyBlocks("a\nb\nc\n", block("b", "B"))).toMatchObject({ text: "a\nB\nc\n", applied: 1, failed: [] });
    expect(applyBlocks("a\nb\nc\n", block("b", "B", 2)).text).toBe("a\nB\nc\n");
    expect(applyBlocks("a\nb\nc\n", block("b", "")).text).toBe("a\nc\n");
  });

  test("line ends", () => expect(applyBlocks("a  \nb\t\n", block("a\nb", "c")).text).toBe("c\n"));

  test("a uniform shift of indentation is undone in the replacement", () => {
    const text = "if (x) {\n    one();\n    two();\n}\n";
    expect(applyBlocks(text, block("one();\ntwo();", "one();\nif (y) {\n  three();\n}")).text).toBe(
      "if (x) {\n    one();\n    if (y) {\n      three();\n    }\n}\n",
    );
    expect(applyBlocks("a();\n  b();\n", block("    a();\n      b();", "    a();\n      c();")).text).toBe("a();\n  c();\n");
  });

  test("an uneven shift is not a match: a twin at another depth means something else", () => {
    const result = applyBlocks("if a:\n    b()\nc()\n", block("if a:\n    b()\n    c()", "x"));
    expect(result.text).toBe("if a:\n    b()\nc()\n");
  });

  test("quotes and dashes", () => expect(applyBlocks("say(“hi” — ‘you’)\n", block(`say("hi" - 'you')`, "x")).text).toBe("x\n"));

  test("similar, when nothing else is", () => {
    const text = "function calculateTotalPrice(items) {\n  return items.length;\n}\n\nfunction other() {}\n";
    const result = applyBlocks(text, block("function calculateTotalPrices(items) {\n  return items.length;\n}", "gone"));
    expect(result.text).toBe("gone\n\nfunction other() {}\n");
    expect(result.snippet).toContain("matched by similar");
  });
});

describe("nothing is guessed", () => {
  test("two equal places are an error that names the lines, unless the line says which", () => {
    const twice = applyBlocks(PYTHON, block("        return 1", "        return 2"));
    expect(twice).toMatchObject({ applied: 0, text: PYTHON });
    expect(twice.failed[0]?.reason).toContain("lines 3, 8");
    expect(applyBlocks(PYTHON, block("        return 1", "        return 2", 8)).text).toBe(PYTHON.replace(/1\n$/, "2\n"));
    expect(applyBlocks(PYTHON, block("        return 1", "        return 2", 5)).applied).toBe(0);
  });

  test("two similar places are an error", () => {
    const text = "const firstValueOfTheList = compute(1);\nother\nconst secondValueOfTheList = compute(1);\n";
    expect(applyBlocks(text, block("const thirdValueOfTheList = compute(1);", "x")).applied).toBe(0);
  });

  test("what is not there comes back with the nearest text, numbered", () => {
    const { failed } = applyBlocks("alpha();\nbeta(one, two);\ngamma();\n", block("beta(one, three, four, five);", "x"));
    expect(failed[0]?.reason).toContain("2 | beta(one, two);");
  });

  test("a block that was applied before is recognised", () => {
    expect(applyBlocks("new text here\n", block("old words there", "new text here")).failed[0]?.reason).toContain("already stands at line 1");
  });
});

describe("several blocks", () => {
  test("the good ones are applied, every bad one is reported", () => {
    const result = applyBlocks("a\nb\nc\nd\n", block("b", "B\nB2", 2) + block("nowhere at all", "x") + block("d", "D", 4) + block("", "x") + block("a", "a"));
    expect(result.text).toBe("a\nB\nB2\nc\nD\n");
    expect(result.failed.map((failure) => failure.block)).toEqual([2, 4, 5]);
  });

  test("start lines mean the file as it was read, in any order", () => {
    expect(applyBlocks("x\ny\nx\ny\n", block("x", "3", 3) + block("x", "1\n1", 1)).text).toBe("1\n1\ny\n3\ny\n");
  });

  test("overlapping blocks are refused", () => {
    expect(applyBlocks("a\nb\nc\n", block("a\nb", "1") + block("b\nc", "2"))).toMatchObject({ text: "1\nc\n", failed: [{ block: 2 }] });
  });
});

describe("form", () => {
  test("line endings and a missing last one are kept", () => {
    expect(applyBlocks("a\r\nb\r\nc", block("b", "x\ny")).text).toBe("a\r\nx\r\ny\r\nc");
    expect(applyBlocks("a\nb", block("b", "c")).text).toBe("a\nc");
  });

  test("escaped markers, numbered listings, an extra > and carriage returns", () => {
    expect(applyBlocks("=======\nx\n", "<<<<<<< SEARCH>\r\n\\=======\r\n=======\r\nyes\r\n>>>>>>> REPLACE\r\n").text).toBe("yes\nx\n");
    expect(applyBlocks("a\nb\n", block("2 | b", "2 | c")).text).toBe("a\nc\n");
  });

  test("broken blocks say why, and the others still work", () => {
    const result = applyBlocks("a\nb\n", `<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n${block("b", "c")}<<<<<<< SEARCH\nx\n=======\ny`);
    expect(result.text).toBe("a\nc\n");
    expect(result.failed.map((failure) => failure.block)).toEqual([1, 3]);
    expect(applyBlocks("a", "no block").failed[0]?.reason).toContain("SEARCH");
  });

  test("an empty file takes an empty search", () => expect(applyBlocks("", block("", "new")).text).toBe("new\n"));

  test("a large file without a match answers quickly", () => {
    const text = Array.from({ length: 30_000 }, (_, index) => `line number ${index} of a long file`).join("\n");
    expect(applyBlocks(text, block("something that is not to be found\nanywhere in it", "x")).applied).toBe(0);
  });
});
