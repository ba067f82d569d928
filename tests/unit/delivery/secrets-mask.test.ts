import fc from "fast-check";
import { expect, test } from "vitest";
import { createMaskStream, maskForms, maskText } from "../../../src/delivery/secrets/mask.ts";

const SECRET = "p4ss/word+x&y";

test.each([
  ["as it is", SECRET],
  ["url-encoded", encodeURIComponent(SECRET)],
  ["in a form", new URLSearchParams({ a: SECRET }).toString().slice(2)],
  ["base64", Buffer.from(SECRET).toString("base64")],
  ["base64url", Buffer.from(SECRET).toString("base64url")],
  ["hex", Buffer.from(SECRET).toString("hex")],
  ["JSON", JSON.stringify(`${SECRET}"`).slice(1, -1).replace('\\"', "")],
])("hides a value %s", (_, form) => {
  const masked = maskText(`before ${form} after`, maskForms([SECRET]));
  expect(masked).not.toContain(form);
  expect(masked).toMatch(/^before \[secret\].{0,2} after$/);
});

test("hides a value inside a longer base64 text, in each alignment", () => {
  for (const before of ["", "u", "us", "use", "user:"]) {
    const encoded = Buffer.from(`${before}${SECRET}!`).toString("base64");
    const masked = maskText(encoded, maskForms([SECRET]));
    expect(masked).toContain("[secret]");
    expect(Buffer.from(masked.replaceAll("[secret]", ""), "base64").toString("utf8")).not.toContain("word");
  }
});

test("leaves ordinary text alone, and very short values too", () => {
  expect(maskText("a b c 1", maskForms(["a", "1", ""]))).toBe("a b c 1");
});

test("a stream in any pieces gives what the whole text would give", () => {
  const forms = maskForms([SECRET, "abab", "line one of a key\nline two of a key"]);
  const piece = fc.constantFrom(
    "ab",
    "a",
    "b",
    SECRET,
    SECRET.slice(0, 5),
    SECRET.slice(5),
    "\n",
    "line one of a key",
    "line two of a key",
    "x",
    Buffer.from(SECRET).toString("base64"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(40), { maxLength: 8 }), (pieces, cuts) => {
      const text = pieces.join("");
      const stream = createMaskStream(forms);
      let out = "";
      let from = 0;
      for (const cut of cuts) {
        out += stream.write(text.slice(from, from + cut));
        from += cut;
      }
      out += stream.write(text.slice(from)) + stream.end();
      for (const form of forms) expect(out).not.toContain(form);
      expect(out.length).toBeLessThanOrEqual(text.length + 8 * (text.match(/ab/g)?.length ?? 0) + 8 * pieces.length);
    }),
  );
});
