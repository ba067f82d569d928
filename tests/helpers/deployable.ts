import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projects, testReports } from "../../src/db/schema/projects.ts";
import type { Database } from "../../src/db/client.ts";
import type { DeployRequest } from "../../src/ports/releases.ts";

/** A project with a real repository in a data directory; `commit` puts a fixture service on it, with a green report. */
export interface DeployableProject {
  id: string;
  slug: string;
  commit(input: { fixture: string; files?: Record<string, string>; green?: boolean }): Promise<DeployRequest>;
}

const GIT = {
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "t",
  GIT_AUTHOR_EMAIL: "t@example.org",
  GIT_COMMITTER_NAME: "t",
  GIT_COMMITTER_EMAIL: "t@example.org",
};
const FIXTURES = join(import.meta.dirname, "../fixtures/services");

export function temporaryDataDir(): string {
  return mkdtempSync(join(tmpdir(), "slipway-releases-"));
}

export async function deployableProject(database: Database, dataDir: string, options: { owner?: string } = {}): Promise<DeployableProject> {
  const id = randomUUID();
  const slug = `app-${id.slice(0, 8)}`;
  await database.drizzle.insert(projects).values({ id, owner: options.owner ?? "local", name: slug, slug, goal: "a service", stack: "node", createdBy: id });
  const repository = join(dataDir, "projects", id, "repo.git");
  mkdirSync(repository, { recursive: true });
  const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8", env: { ...process.env, ...GIT }, stdio: ["ignore", "pipe", "pipe"] }).trim();
  git("init", "--quiet", "--bare", "--initial-branch=main", repository);
  let count = 0;
  return {
    id,
    slug,
    async commit({ fixture, files = {}, green = true }) {
      const tree = mkdtempSync(join(tmpdir(), "slipway-tree-"));
      const name = fixture.endsWith(".py") ? "server.py" : "server.js";
      copyFileSync(join(FIXTURES, fixture), join(tree, name));
      writeFileSync(join(tree, "package.json"), JSON.stringify({ name: slug, type: "module", version: `0.0.${(count += 1)}` }));
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(join(tree, path, ".."), { recursive: true });
        writeFileSync(join(tree, path), content);
      }
      git(`--git-dir=${repository}`, `--work-tree=${tree}`, "-c", "core.bare=false", "add", "--all", "--force");
      git(`--git-dir=${repository}`, `--work-tree=${tree}`, "-c", "core.bare=false", "commit", "--quiet", "--allow-empty", "-m", `Release ${count}`);
      const commitSha = git(`--git-dir=${repository}`, "rev-parse", "HEAD");
      rmSync(tree, { recursive: true });
      const reportId = randomUUID();
      await database.drizzle
        .insert(testReports)
        .values({ id: reportId, projectId: id, commitSha, report: { id: reportId, projectId: id, commitSha, green, outcome: green ? "passed" : "failed" } });
      return {
        projectId: id,
        commitSha,
        reportId,
        stack: "node",
        startCommand: name === "server.py" ? "python3 server.py" : "node server.js",
        healthPath: "/health",
        publicEnvironment: {},
        secretNames: [],
        approvalId: randomUUID(),
      };
    },
  };
}
