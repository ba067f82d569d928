import { expect } from "vitest";
import { ownedProject } from "../helpers/owned-project.ts";
import { verifies } from "./verifies.ts";
import { world } from "./world.ts";

const here = world();

const OURS = /^\/(?:approvals|auth|events|policies|projects)(?:\/|$)/;

/** Whose insides are somebody else's words: of the question, its graph, an event, a tool. */
const FOREIGN = new Set(["payload", "args", "data", "details"]);

type Dictionary = Record<string, unknown>;
const isDictionary = (value: unknown): value is Dictionary => typeof value === "object" && value !== null && !Array.isArray(value);

const wrong = (name: string): boolean => /\p{Lu}/u.test(name);

/** Names of fields in an answer, wherever they are. */
function fieldsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (!isDictionary(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...(FOREIGN.has(name) ? [] : fieldsOf(inner))]);
}

/** Names of fields and parameters that a part of the document describes, through its references. */
function describedBy(part: unknown, document: Dictionary, seen: Set<string>): string[] {
  if (Array.isArray(part)) return part.flatMap((one) => describedBy(one, document, seen));
  if (!isDictionary(part)) return [];
  const { $ref: reference, properties, parameters } = part;
  if (typeof reference === "string") return seen.has(reference) ? [] : describedBy(resolve(reference, document), document, seen.add(reference));
  const named = [
    ...(isDictionary(properties) ? Object.keys(properties) : []),
    ...(Array.isArray(parameters) ? parameters.filter(isDictionary).map(({ name }) => String(name)) : []),
  ];
  return [...named, ...Object.values(part).flatMap((inner) => describedBy(inner, document, seen))];
}

function resolve(reference: string, document: Dictionary): unknown {
  let found: unknown = document;
  for (const step of reference.split("/").slice(1)) found = isDictionary(found) ? found[step] : undefined;
  return found;
}

const get = async (path: string): Promise<unknown> => {
  const answer = await here.http("GET", path);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.json();
};

verifies("ours.snake-case", async () => {
  const document = (await get("/openapi.json")) as { paths: Dictionary };
  const paths = Object.entries(document.paths).filter(([path]) => OURS.test(path));
  const described = paths.flatMap(([path, methods]) => describedBy(methods, document, new Set()).map((name) => `${path} ${name}`));
  for (const known of ["/approvals thread_id", "/approvals/metrics by_kind", "/projects/{project_id}/rollback log_tail", "/projects health_path"])
    expect(described).toContain(known);
  expect(described.filter(wrong)).toEqual([]);

  const { sql } = here.database.database;
  const { thread_id: thread } = await here.client.threads.create();
  await here.client.runs.wait(thread, "plan", { input: { target: "anything", risk: "low" } });
  const { id: project } = await ownedProject(sql, here.server.dataDir, { owner: "local", name: "polls" });
  const spec = { goal: "g", stack: "node", acceptanceCriteria: ["a"], testCommand: "node --test", startCommand: "node x.js", healthPath: "/health" };
  await sql`update projects set spec = ${sql.json(spec)} where id = ${project}`;
  const { items } = (await get(`/approvals?thread_id=${thread}`)) as { items: { id: string }[] };
  const asked = items[0]?.id;
  await here.http("POST", `/approvals/${asked}/decision`, { type: "approve" }, { "content-type": "application/json" });
  const answers: Record<string, unknown> = {};
  for (const path of [
    "/approvals",
    "/approvals/metrics",
    `/approvals/${asked}`,
    `/approvals/${asked}/history`,
    "/auth/me",
    "/events",
    "/events/metrics",
    "/events/metrics/sessions",
    "/events/audit-log",
    "/policies",
    "/projects",
    `/projects/${project}`,
    `/projects/${project}/shares`,
  ])
    answers[path] = await get(path);
  const undeployed = await here.http("POST", `/projects/${project}/undeploy`);
  expect(undeployed.status).toBe(200);
  answers["undeploy"] = await undeployed.json();
  expect(fieldsOf(answers)).toEqual(
    expect.arrayContaining(["decided_by", "response_seconds", "run_id", "acceptance_criteria", "commit_sha", "rollback_target"]),
  );
  expect(fieldsOf(Object.values(answers)).filter(wrong)).toEqual([]);
  expect(answers[`/projects/${project}`]).toMatchObject({
    spec: { acceptance_criteria: ["a"], test_command: "node --test", start_command: "node x.js", health_path: "/health" },
    service: { project_id: project, releases: [{ project_id: project, commit_sha: "a".repeat(40), start_command: "node polls.js", health_path: "/health" }] },
  });
});
