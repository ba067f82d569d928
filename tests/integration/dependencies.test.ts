/** What is installed with us: nothing but what the lockfile pins, nothing that runs while it is installed, nothing with a known hole. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const KINDS = ["dependencies", "devDependencies", "optionalDependencies"] as const;

interface Manifest extends Partial<Record<(typeof KINDS)[number], Record<string, string>>> {
  overrides?: Record<string, unknown>;
}
interface Lockfile {
  lockfileVersion: number;
  packages: Record<string, Manifest & { version?: string; resolved?: string; integrity?: string; link?: boolean }>;
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(`${ROOT}${name}`, "utf8"));
}
const manifest = read("package.json") as Manifest;
const lockfile = read("package-lock.json") as Lockfile;
const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

test("every dependency of ours is one exact version, and the lockfile says the same", () => {
  const wanted = KINDS.flatMap((kind) => Object.entries(manifest[kind] ?? {}).map(([name, version]) => ({ kind, name, version })));
  expect(wanted.length).toBeGreaterThan(30);
  expect(wanted.filter(({ version }) => !EXACT.test(version))).toEqual([]);
  const root = lockfile.packages[""];
  for (const kind of KINDS) expect(root?.[kind]).toEqual(manifest[kind]);
  for (const { name, version } of wanted) expect([name, lockfile.packages[`node_modules/${name}`]?.version]).toEqual([name, version]);
});

test("every package in the lockfile comes from the registry, by its version and the hash of its content", () => {
  const packages = Object.entries(lockfile.packages).filter(([path]) => path !== "");
  expect(packages.length).toBeGreaterThan(200);
  const wrong = packages.filter(
    ([path, { version = "", resolved, integrity = "", link }]) =>
      !path.startsWith("node_modules/") ||
      link === true ||
      !EXACT.test(version) ||
      !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity) ||
      // without an address it is the registry's own; git, http and files have one
      (resolved !== undefined && !resolved.startsWith("https://registry.npmjs.org/")),
  );
  expect(wrong).toEqual([]);
});

test("nothing runs while packages are installed", () => {
  expect(readFileSync(`${ROOT}.npmrc`, "utf8").split("\n")).toContain("ignore-scripts=true");
  expect(readFileSync(`${ROOT}.ci/run`, "utf8")).not.toMatch(/ignore-scripts=false|npm rebuild/);
});

/** A registry of this test: `advisories` by package, or a status in their place. */
async function auditAgainst(advisories: Record<string, unknown> | number): Promise<{ code: number | null; text: string }> {
  const registry = createServer((request, response) => {
    request.resume();
    const send = (body: unknown): ServerResponse => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.url?.endsWith("/advisories/bulk") !== true) {
      const name = decodeURIComponent((request.url ?? "/").slice(1));
      const version = lockfile.packages[`node_modules/${name}`]?.version ?? "1.0.0";
      send({ name, "dist-tags": { latest: version }, versions: { [version]: { name, version } } });
    } else if (typeof advisories === "number") response.writeHead(advisories).end();
    else send(advisories);
  });
  registry.listen(0, "127.0.0.1");
  await once(registry, "listening");
  // an AF_INET server that listens has an AddressInfo
  const { port } = registry.address() as AddressInfo;
  const child = spawn(process.execPath, ["scripts/audit.ts"], {
    cwd: ROOT,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "/tmp",
      npm_config_registry: `http://127.0.0.1:${port}/`,
      npm_config_cache: temporaryFolder("audit"),
      npm_config_fetch_retries: "0",
      npm_config_update_notifier: "false",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  const [code] = (await once(child, "close")) as [number | null];
  registry.closeAllConnections();
  registry.close();
  return { code, text };
}

const advisory = (severity: string) => ({
  id: 1,
  url: "https://advisories.example/1",
  title: "A hole",
  severity,
  vulnerable_versions: "<100.0.0",
  cwe: [],
  cvss: { score: 9, vectorString: null },
});

test("the audit fails on a hole in production, tells it, passes over lesser ones and development's, and says when it was skipped", async () => {
  const [high, low, development, mirror] = await Promise.all([
    auditAgainst({ express: [advisory("high")] }),
    auditAgainst({ express: [advisory("low")] }),
    auditAgainst({ vitest: [advisory("critical")] }),
    auditAgainst(405),
  ]);
  expect([high.code, high.text]).toEqual([1, expect.stringMatching(/high: express .*A hole https:\/\/advisories\.example\/1[^]*audit: 1 to mend/)]);
  expect([low.code, low.text]).toEqual([0, expect.stringContaining("nothing high or critical")]);
  expect([development.code, development.text]).toEqual([0, expect.stringContaining("nothing high or critical")]);
  expect([mirror.code, mirror.text]).toEqual([0, expect.stringMatching(/audit: skipped, nothing was looked at.*405/)]);
});
