import { expect, test } from "vitest";
import { createLog } from "#log";

function logged(facts: Record<string, unknown>): string {
  let line = "";
  createLog("warn", { write: (text) => (line += text) }).warn(facts, "said");
  return line;
}

test("a password that Redis refused, which its client hangs on the error, is not logged", () => {
  const refused = Object.assign(new Error("WRONGPASS invalid username-password pair"), {
    command: { name: "hello", args: ["3", "AUTH", "default", "geheim"] },
  });
  expect(logged({ err: refused })).not.toContain("geheim");
  expect(JSON.parse(logged({ err: refused }))).toMatchObject({ msg: "said", err: { message: refused.message, command: "hello" } });
});

test("other errors say what they did, and what is no error is told as it is", () => {
  const cause = new Error("below");
  const line = JSON.parse(logged({ err: Object.assign(new TypeError("above", { cause }), { code: "E1" }) })) as { err: Record<string, string> };
  expect(line.err).toMatchObject({ type: "TypeError", code: "E1" });
  expect(line.err["stack"]).toContain("below");
  expect(JSON.parse(logged({ err: "words" }))).toMatchObject({ err: "words" });
});

test.each(["authorization", "cookie", "password", "secret", "api_key", "value"])("%s is not logged, where it stands or a level below", (key) => {
  expect(logged({ [key]: "geheim", inner: { [key]: "geheim", deeper: { [key]: "geheim" } } })).not.toContain("geheim");
});
