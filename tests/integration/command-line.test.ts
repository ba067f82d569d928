import { execFile, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

test("a command that there is not is named, and those that there are are listed", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["src/cli/slipway.ts", "deploy"], { cwd: ROOT, encoding: "utf8" });
  expect(stderr).toMatch(/unknown command 'deploy'.*Usage: slipway.*migrate.*stop-services/s);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
});

test("the help says in what unit a default is, and how a list is typed", () => {
  const { stdout } = spawnSync(process.execPath, ["src/cli/slipway.ts", "keys", "create", "--help"], { cwd: ROOT, encoding: "utf8" });
  expect(stdout.replaceAll(/\s+/g, " ")).toMatch(/--scopes <list> .*\(default: read,write\).*--expires <time> .*\(default: 90d\)/);
});

/** A clone whose lockfile names one package and one that this machine has no use for; `npm` is not to be called there, and says so. */
function clone() {
  const root = mkdtempSync(join(tmpdir(), "slipway-clone-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const folder of ["scripts", "bin", "node_modules"]) mkdirSync(join(root, folder));
  copyFileSync(join(ROOT, "scripts/run.mjs"), join(root, "scripts/run.mjs"));
  writeFileSync(join(root, "hello.mjs"), 'console.log("hello")');
  writeFileSync(join(root, "bin/npm"), "#!/bin/sh\necho npm is called >&2\nexit 1\n");
  chmodSync(join(root, "bin/npm"), 0o755);
  const packages = {
    "": { optionalDependencies: { mine: "1.0.0", foreign: "1.0.0" } },
    "node_modules/a": LOCKED,
    "node_modules/mine": { ...LOCKED, optional: true, os: [process.platform], cpu: [process.arch] },
    "node_modules/foreign": { ...LOCKED, optional: true, os: ["aix"] },
  };
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages }));
  const { npm_execpath: _npm, ...environment } = process.env;
  const env = { ...environment, PATH: `${join(root, "bin")}:${dirname(process.execPath)}:${process.env["PATH"]}` };
  return {
    root,
    env,
    // as npm itself leaves behind what it installed
    installed: (there: Record<string, unknown>) => writeFileSync(join(root, "node_modules/.package-lock.json"), JSON.stringify({ packages: there })),
    run: () => spawnSync(process.execPath, ["scripts/run.mjs", "hello.mjs"], { cwd: root, env, encoding: "utf8" }),
  };
}

const LOCKED = { version: "1.0.0", integrity: "sha512-one" };

test("what `npm ci` has installed, as in the build of an image, is not installed again", () => {
  const { installed, run } = clone();
  expect(run()).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("npm is called") as string });
  const all = { "node_modules/a": LOCKED, "node_modules/mine": LOCKED };
  const less: Record<string, unknown>[] = [
    { "node_modules/a": LOCKED },
    { "node_modules/mine": LOCKED },
    { ...all, "node_modules/a": { ...LOCKED, integrity: "sha512-two" } },
  ];
  for (const there of less) {
    installed(there);
    expect(run().stderr, JSON.stringify(there)).toContain("npm is called");
  }
  installed(all);
  expect(run()).toMatchObject({ status: 0, stdout: "hello\n", stderr: "" });
});

test("of first starts side by side one installs and the others wait for it, also after one that was killed", async () => {
  const { root, env } = clone();
  const left = JSON.stringify({ packages: { "node_modules/a": LOCKED, "node_modules/mine": LOCKED } });
  writeFileSync(join(root, "bin/npm"), `#!/bin/sh\necho called >> calls\nsleep 0.3\necho '${left}' > node_modules/.package-lock.json\n`);
  const gone = spawnSync(process.execPath, ["--version"]).pid;
  writeFileSync(join(root, ".slipway-installing"), String(gone));
  const start = () => promisify(execFile)(process.execPath, ["scripts/run.mjs", "hello.mjs"], { cwd: root, env });
  const [first, ...others] = await Promise.all([start(), start(), start()]);
  for (const { stdout } of [first, ...others]) expect(stdout).toBe("hello\n");
  expect(readFileSync(join(root, "calls"), "utf8")).toBe("called\n");
  expect(existsSync(join(root, ".slipway-installing"))).toBe(false);
});
