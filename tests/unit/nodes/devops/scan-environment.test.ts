import { describe, expect, test } from "vitest";
import { classifyName, isSensitive } from "#nodes/devops/classify-name.ts";
import { isDeployedSource, scanEnvironment } from "#nodes/devops/scan-environment.ts";

const names = (path: string, text: string) => scanEnvironment(path, text).uses.map((use) => `${use.name}${use.hasDefault ? "?" : ""}`);

describe("names in JavaScript and TypeScript", () => {
  test.each([
    ["const a = process.env.TOKEN;", ["TOKEN"]],
    ["listen(Number(process.env.PORT ?? 3000))", ["PORT?"]],
    ["const level = process.env.LOG_LEVEL || 'info';", ["LOG_LEVEL?"]],
    ['process.env["A_KEY"]; process.env?.OTHER; process.env?.["THIRD"]', ["A_KEY", "OTHER", "THIRD"]],
    ["const { TOKEN, PORT = 3000, NAME: renamed } = process.env;", ["TOKEN", "PORT?", "NAME"]],
    ["const {\n  TOKEN,\n  HOST = 'x',\n} = process.env;", ["TOKEN", "HOST?"]],
    ["export function start(env = process.env) {\n  env.TOKEN; env['KEY'] ?? 1; env.get('x');\n}", ["TOKEN", "KEY?"]],
    ["const env: NodeJS.ProcessEnv = process.env;\nenv.TOKEN", ["TOKEN"]],
    ["process.env.A; process.env.A ?? 1", ["A?"]],
    ["process.env.A ?? ''; process.env.B || null; process.env.C ??  undefined; process.env.D ?? `x`", ["A", "B", "C", "D?"]],
    ["const { A = '', B = 'x' } = process.env;", ["A", "B?"]],
    ["subprocess.env.NOT_OURS", []],
    ["if (!process.env.TOKEN) throw new Error('x')", ["TOKEN"]],
  ])("%j", (text, found) => expect(names("src/a.ts", text)).toEqual(found));
});

describe("names in Python", () => {
  test.each([
    ["os.environ['TOKEN']", ["TOKEN"]],
    ['os.environ.get("PORT", "8000")', ["PORT?"]],
    ["os.getenv('NAME')", ["NAME"]],
    ["os.getenv('NAME', None); os.getenv('EMPTY', '') or ''", ["NAME", "EMPTY"]],
    ["os.getenv('NAME') or 'x'", ["NAME?"]],
    ["from os import environ\nenviron['KEY']", ["KEY"]],
  ])("%j", (text, found) => expect(names("app.py", text)).toEqual(found));
});

test("reads put together at run time are told apart, with their place", () => {
  expect(scanEnvironment("src/a.js", "x\nprocess.env[key]").dynamic).toEqual([{ at: "src/a.js:2", line: "process.env[key]" }]);
  expect(scanEnvironment("a.py", "os.environ[name]").dynamic).toHaveLength(1);
  expect(scanEnvironment("src/a.js", "a\nb(process.env.X)").uses[0]).toMatchObject({ at: "src/a.js:2", line: "b(process.env.X)" });
});

test.each([
  ["src/server.js", true],
  ["app.py", true],
  ["src/a.test.ts", false],
  ["tests/a.js", false],
  ["test_app.py", false],
  ["lib/conftest.py", false],
  ["node_modules/x/a.js", false],
  ["README.md", false],
])("%s is deployed: %s", (path, deployed) => expect(isDeployedSource(path)).toBe(deployed));

describe("what a name alone makes certain", () => {
  test.each([
    ["PORT", false, "computed"],
    ["STORAGE_DIR", true, "computed"],
    ["NODE_ENV", false, "system"],
    ["SESSION_SECRET", false, "generated"],
    ["JWT_SECRET", true, "generated"],
    ["SECRET_KEY", false, "generated"],
    ["OPENAI_API_KEY", false, "user"],
    ["API_TOKEN", false, "user"],
    ["STRIPE_WEBHOOK_SECRET", false, "user"],
    ["TELEGRAM_BOT_TOKEN", true, "user"],
    ["ADMIN_PASSWORD", false, "user"],
    ["LOG_LEVEL", true, "public"],
    ["LOG_LEVEL", false, null],
    ["SOME_TOKEN", true, null],
  ])("%s (default: %s) -> %s", (name, hasDefault, certain) => expect(classifyName(name, hasDefault)).toBe(certain));

  test("sensitive names are never plain configuration", () => {
    for (const name of ["SOME_TOKEN", "DB_PASSWORD", "API_KEY", "PRIVATE_KEY", "COOKIE_SECRET"]) expect(isSensitive(name)).toBe(true);
    for (const name of ["LOG_LEVEL", "TITLE", "MAX_VOTES", "KEYBOARD"]) expect(isSensitive(name)).toBe(false);
  });
});
