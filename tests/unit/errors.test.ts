import { expect, test } from "vitest";
import { AppError, toAppError } from "#errors";

const thrown = (facts: object) => Object.assign(new Error("write CONNECTION_CLOSED 10.0.0.1:5432"), facts);

test.each([
  ["a pooled connection that was closed", { code: "CONNECTION_CLOSED", address: "10.0.0.1" }],
  ["a server that is not there", { code: "ECONNREFUSED", address: "10.0.0.1" }],
  ["a backend that was told to go", { code: "57P01", severity: "FATAL" }],
  ["a server that starts up", { code: "57P03", severity: "FATAL" }],
  ["too many connections", { code: "53300", severity: "FATAL" }],
])("%s is a database that is away for a moment, which clients ask again", (_name, facts) => {
  expect(toAppError(thrown(facts))).toMatchObject({ code: "database_unavailable", terminal: false });
});

test.each([
  ["a refused row", { code: "23505", severity: "ERROR" }],
  ["a file that is not there", { code: "ENOENT", path: "/x" }],
  ["anything else", {}],
])("%s is not", (_name, facts) => {
  expect(toAppError(thrown(facts))).toMatchObject({ code: "internal" });
});

test("what has a name keeps it", () => {
  const error = new AppError("not_found", "gone", { cause: thrown({ code: "57P01", severity: "FATAL" }) });
  expect(toAppError(error)).toBe(error);
});
