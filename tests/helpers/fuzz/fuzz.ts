import { execFileSync } from "node:child_process";
import { hostname } from "node:os";
import fc from "fast-check";
import { z } from "zod";
import { ERROR_CODE_HEADER } from "#protocol/errors.ts";
import type { World } from "../../conformance/world.ts";
import type { JsonSchema } from "./arbitrary-of.ts";
import { type FuzzRequest, type OpenApi, requestsOf } from "./requests.ts";
import { addressOf, closeConnections, type FuzzAnswer, send } from "./send.ts";
import { makeThings, type Things } from "./things.ts";

export interface FuzzReport {
  sent: number;
  /** Passed validation and were done by a handler, or refused by the state of what they were about. */
  reached: number;
  /** By operation, how many reached. */
  operations: Map<string, number>;
  statuses: Map<number, number>;
  /** What must not be, with the request. */
  findings: string[];
  slowestMs: number;
  /** Answers that were compared with what the document tells of them. */
  compared: number;
}

/** The stories of `makeThings` are used up by requests that end them, so they are made anew after this many. */
const PER_WORLD = 200;
const AT_ONCE = 6;

/** Refusals that only who got to the thing itself is told. */
const OF_THE_STATE = new Set(["conflict", "thread_busy", "nothing_to_resume", "resume_ambiguous", "already_decided", "idempotency_conflict"]);

/** From `FUZZ_SEED`, or the given one, or any; printed, so that it can be asked for again. */
export function fuzzSeed(usual = Math.floor(Math.random() * 0x7fff_ffff)): number {
  const seed = Number(process.env["FUZZ_SEED"] ?? usual);
  console.log(`FUZZ_SEED=${seed}`);
  return seed;
}

/** Sends `count` requests made from the server's own document and judges every answer. */
export async function fuzz(here: World, { count, seed }: { count: number; seed: number }): Promise<FuzzReport> {
  const document = (await (await here.http("GET", "/openapi.json")).json()) as OpenApi;
  const requests = fc.sample(requestsOf(document), { seed, numRuns: count });

  const report: FuzzReport = { sent: 0, reached: 0, operations: new Map(), statuses: new Map(), findings: [], slowestMs: 0, compared: 0 };
  const judge = answerJudge(here, document, report);
  for (let from = 0; from < requests.length; from += PER_WORLD) {
    const things = await makeThings(here);
    const queue = requests.slice(from, from + PER_WORLD).values();
    await Promise.all(Array.from({ length: AT_ONCE }, () => work(here, queue, things, judge, report)));
    await things.release();
  }
  closeConnections();
  return report;
}

async function work(here: World, queue: Iterator<FuzzRequest> & Iterable<FuzzRequest>, things: Things, judge: Judge, report: FuzzReport): Promise<void> {
  for (const request of queue) {
    const told = () => {
      const { method, path, body } = addressOf(request, things);
      return `${method} ${path} ${JSON.stringify(request.headers)} ${body?.slice(0, 2_000) ?? ""}`;
    };
    report.sent += 1;
    try {
      const answer = await send(here.server.url, request, things);
      report.statuses.set(answer.status, (report.statuses.get(answer.status) ?? 0) + 1);
      report.slowestMs = Math.max(report.slowestMs, answer.whole ? answer.ms : 0);
      if (hasReached(answer)) {
        report.reached += 1;
        report.operations.set(request.operation, (report.operations.get(request.operation) ?? 0) + 1);
      }
      for (const fault of judge(request, answer)) report.findings.push(`${fault}\n  ${told()}\n  ${answer.status} ${answer.text.slice(0, 1_000)}`);
    } catch (error) {
      report.findings.push(`${String(error)}\n  ${told()}`);
    }
  }
}

/** An answer that was left before its status came was waited for by a handler. */
function hasReached({ status, headers }: FuzzAnswer): boolean {
  const code = headers[ERROR_CODE_HEADER];
  return code === undefined ? status < 400 : typeof code === "string" && OF_THE_STATE.has(code);
}

type Judge = (request: FuzzRequest, answer: FuzzAnswer) => string[];

/** What an answer must not hold or be: see the names of the faults. */
function answerJudge(here: World, document: OpenApi, report: FuzzReport): Judge {
  const database = new URL(here.database.url);
  const secrets = [here.server.dataDir, process.cwd(), database.pathname.slice(1), hostname(), database.password].filter((text) => text.length > 4);
  const shapes = new Map<string, z.ZodType>();
  return (request, answer) => {
    const faults: string[] = [];
    if (answer.status >= 500) faults.push("a fault of the server's own");
    if (answer.status !== 0 && answer.headers["x-request-id"] === undefined) faults.push("no x-request-id");
    if (answer.status >= 400 && typeof answer.headers[ERROR_CODE_HEADER] !== "string" && !request.operation.endsWith(" /mcp")) faults.push("no x-error-code");
    if (LEAK.test(answer.text) && !request.operation.includes("/docs")) faults.push(`a leak: ${LEAK.exec(answer.text)?.[0] ?? ""}`);
    for (const secret of secrets) if (answer.text.includes(secret)) faults.push(`a leak: ${secret}`);
    const told = shapeOf(document, request.operation, answer.status);
    if (told === undefined && answer.whole && answer.status < 400) faults.push("a status that the document does not tell");
    // with these only the fields that were asked for
    const chosen = request.body?.includes('"select"') === true || request.query.some(([name]) => name === "select");
    const isJson = /^application\/json(?:;|$)/.test(String(answer.headers["content-type"]));
    if (told?.schema !== undefined && answer.whole && isJson && !chosen) {
      report.compared += 1;
      const key = `${request.operation} ${answer.status}`;
      const shape = shapes.get(key) ?? toZod(told.schema, document);
      shapes.set(key, shape);
      const read = shape.safeParse(JSON.parse(answer.text));
      if (!read.success) faults.push(`not what the document tells: ${z.prettifyError(read.error).slice(0, 500)}`);
    }
    return faults;
  };
}

/** Addresses of databases, stacks, files of this program and of its libraries, statements, messages of PostgreSQL. */
const LEAK =
  /postgres(?:ql)?:\/\/|redis:\/\/|\n\s+at .+:\d+:\d+|node_modules|file:\/\/\/|\/src\/[\w-]+\/|\bselect .+ from |\binsert into |violates .+ constraint|syntax error at or near|relation "/i;

function shapeOf(document: OpenApi, operation: string, status: number): { schema?: JsonSchema } | undefined {
  const [method = "", template = ""] = operation.split(" ");
  const responses = document.paths[template]?.[method.toLowerCase()]?.["responses"] as Record<string, { content?: Record<string, { schema: JsonSchema }> }>;
  const response = responses[String(status)];
  const schema = response?.content?.["application/json"]?.schema;
  return response === undefined ? undefined : schema === undefined ? {} : { schema };
}

function toZod(schema: JsonSchema, document: OpenApi): z.ZodType {
  const { schemas } = document["components"] as { schemas: Record<string, JsonSchema> };
  const moved = JSON.parse(JSON.stringify({ ...schema, $defs: schemas }).replaceAll("#/components/schemas/", "#/$defs/")) as JsonSchema;
  return z.fromJSONSchema(moved as Parameters<typeof z.fromJSONSchema>[0]);
}

/** Resident memory of a process, MB. */
export function residentMb(pid: number): number {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" }).trim()) / 1_024;
}
