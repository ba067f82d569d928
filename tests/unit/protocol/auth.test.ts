import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasAll } from "#governance/permit.ts";
import { AuthenticatedUser, AuthFilter } from "#protocol/auth.ts";

describe("a filter of a rule", () => {
  test.each([
    [{}, {}],
    [{ owner: "ada" }, { owner: "ada" }],
    [
      { owner: { $eq: "ada" }, level: 3 },
      { owner: "ada", level: 3 },
    ],
    [{ owner: { $eq: "" } }, { owner: "" }],
    [{ members: { $contains: "ada" } }, { members: ["ada"] }],
    [{ members: { $contains: ["ada", "bob"] } }, { members: ["ada", "bob"] }],
    [{ members: { $contains: [] } }, { members: [] }],
    [{ "it's \"quoted\"'); drop table threads; --": null }, { "it's \"quoted\"'); drop table threads; --": null }],
  ])("%j asks metadata to contain %j", (filter, contains) => {
    expect(AuthFilter.parse(filter)).toEqual(contains);
  });

  test.each([
    [{ owner: undefined }],
    [{ owner: { $eq: undefined } }],
    [{ owner: {} }],
    [{ owner: { $like: "a%" } }],
    [{ owner: { $eq: "ada", $contains: "ada" } }],
    [{ owner: ["ada"] }],
    [{ owner: { $eq: { nested: true } } }],
    [{ owner: () => "ada" }],
    ["ada"],
    [42],
    [["owner"]],
  ])("%o is refused: let through it would let everybody in", (filter) => {
    expect(AuthFilter.safeParse(filter).success).toBe(false);
  });

  test("a key that objects have by themselves is a key like others", () => {
    const filter = JSON.parse('{"__proto__": "x", "constructor": "y"}') as object;
    const parsed = AuthFilter.safeParse(filter);
    if (parsed.success) expect(hasAll({}, parsed.data)).toBe(Object.keys(parsed.data).length === 0);
    expect(hasAll({}, { constructor: "y" })).toBe(false);
  });

  test("what metadata lacks never matches", () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), scalar, scalar, (key, wanted, other) => {
        const [is, holds] = [{ [key]: wanted }, { [key]: [wanted] }];
        expect(hasAll({}, is)).toBe(false);
        expect(hasAll({ [key]: other }, is)).toBe(other === wanted || Object.is(other, wanted));
        expect(hasAll({ [key]: wanted }, holds)).toBe(false);
        expect(hasAll({ [key]: [other, wanted] }, holds)).toBe(true);
      }),
    );
  });
});

describe("an identity", () => {
  test("may be a name alone", () => {
    expect(AuthenticatedUser.parse("ada")).toEqual({ identity: "ada", display_name: "ada", is_authenticated: true, permissions: [] });
  });

  test.each(["", "local", "*", "everybody", "a\u0000b", "a\nb", "\ud800", "x".repeat(513)])("is never %j", (identity) => {
    expect(AuthenticatedUser.safeParse(identity).success).toBe(false);
    expect(AuthenticatedUser.safeParse({ identity, permissions: [] }).success).toBe(false);
  });
});
