import { describe, expect, test } from "vitest";
import { readConfig } from "#config";

describe("configuration", () => {
  test("has a default for everything", () => {
    expect(readConfig({})).toMatchObject({
      HOST: "127.0.0.1",
      ROLE: "all",
      AUTH: "none",
      DATA_DIR: "./.slipway",
      N_JOBS_PER_WORKER: 10,
      ALLOW_UNSANDBOXED: false,
    });
  });

  test("an empty variable is an unset one", () => {
    expect(readConfig({ PORT: "", DATABASE_URL: "", OPENAI_API_KEY: "" })).not.toHaveProperty("PORT");
  });

  test("names every variable that is wrong", () => {
    expect(() => readConfig({ PORT: "many", ROLE: "boss", N_JOBS_PER_WORKER: "0" })).toThrow(/PORT[^]*ROLE[^]*N_JOBS_PER_WORKER/);
  });

  test.each([{ AUTH: "jwt" }, { AUTH: "api-key", HOST: "0.0.0.0" }])(
    "refuses an authentication that it does not have: %o",
    (environment) => {
      expect(() => readConfig(environment)).toThrow(expect.objectContaining({ code: "invalid_config" }) as Error);
    },
  );

  test("cannot be changed", () => {
    expect(Object.isFrozen(readConfig({}))).toBe(true);
  });
});
