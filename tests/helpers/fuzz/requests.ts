import fc from "fast-check";
import { anyJson, arbitraryOf, type Hints, type JsonSchema } from "./arbitrary-of.ts";

/** One request. Texts such as `«thread:3»` stand for things that are there when it is sent, so that a seed always makes the same requests. */
export interface FuzzRequest {
  /** `METHOD /path/{parameter}`. */
  operation: string;
  /** Which of the things its path is about. */
  subject: number;
  path: Record<string, string>;
  query: [string, string][];
  headers: Record<string, string>;
  /** JSON text; undefined: none. */
  body: string | undefined;
}

export interface OpenApi extends JsonSchema {
  paths: Record<string, Record<string, JsonSchema>>;
}

const KINDS = ["thread", "run", "checkpoint", "assistant", "cron", "approval"] as const;
export type Kind = (typeof KINDS)[number];

const place = (kind: Kind) => fc.nat({ max: 30 }).map((index) => `«${kind}:${index}»`);

/** Ids of things that are there, and words that mean something, by the name of a field. */
const hints: Hints = (name) => {
  const single: Record<string, fc.Arbitrary<unknown>> = {
    thread_id: place("thread"),
    run_id: place("run"),
    checkpoint_id: place("checkpoint"),
    before: fc.oneof(
      place("checkpoint"),
      place("checkpoint").map((checkpoint_id) => ({ configurable: { checkpoint_id } })),
    ),
    assistant_id: place("assistant"),
    graph_id: fc.constantFrom("steps", "ask", "memory", "mirror"),
    graph: fc.constantFrom("steps", "ask"),
    ids: fc.array(place("thread"), { maxLength: 3 }),
    // not those of the pool: nothing would be left to ask
    thread_ids: fc.array(fc.uuid(), { maxLength: 2 }),
    run_ids: fc.array(place("run"), { minLength: 1, maxLength: 2 }),
    as_node: fc.constantFrom("one", "two", "first", "__start__", "nowhere"),
    namespace: fc.constantFrom(["fuzz"], ["fuzz", "deep"], ["other"]),
    namespace_prefix: fc.constantFrom([], ["fuzz"], ["fuzz", "deep"]),
    prefix: fc.constantFrom([], ["fuzz"], ["*"]),
    suffix: fc.constantFrom([], ["deep"]),
    key: fc.constantFrom("a", "b", "k"),
    schedule: fc.constantFrom("0 0 1 1 *", "0 12 * * 1-5", "30 0 0 1 1 *", "not a schedule"),
    timezone: fc.constantFrom("UTC", "Europe/Berlin", "Nowhere/Land"),
    webhook: fc.constantFrom("https://192.0.2.1/hook", "http://127.0.0.1:1/hook", "ftp://x"),
    goto: fc.constantFrom("two", ["three"], { node: "one", input: {} }),
    stream_modes: fc.constantFrom("run_modes", ["lifecycle", "state_update"]),
    method: fc.constantFrom("state.get", "state.listCheckpoints", "agent.getTree", "run.start", "input.respond", "state.fork", "nothing"),
    params: fc.oneof(
      fc.constantFrom({}, { assistant_id: "steps", input: {} }, { keys: ["log"] }, { interrupt_id: "x", response: 1 }),
      place("checkpoint").map((checkpoint_id) => ({ checkpoint_id })),
      anyJson,
    ),
    channels: fc.array(fc.constantFrom("values", "messages", "lifecycle", "updates", "custom:x", "junk"), { maxLength: 3 }),
    xray: fc.constantFrom("true", "false", "1", "0", "junk"),
    // a number of seconds that ends while somebody waits, or never
    after_seconds: fc.constantFrom(0, 0.01, 1_000_000, 3_155_760_000),
    filter: fc.constantFrom({}, { topic: "x" }, { n: { $gt: 1 } }, { n: { $in: [1] } }, { n: { $junk: 1 } }),
  };
  const found = single[name];
  // now and then whatever the schema or nobody allows
  return found && fc.oneof({ weight: 12, arbitrary: found }, { weight: 1, arbitrary: anyJson });
};

const KIND_OF_PARAMETER: Record<string, Kind> = {
  thread_id: "thread",
  run_id: "run",
  checkpoint_id: "checkpoint",
  assistant_id: "assistant",
  cron_id: "cron",
  approval_id: "approval",
};

const junkId = fc.oneof(
  fc.uuid(),
  ...KINDS.map(place),
  fc.constantFrom("0", "-1", "null", "..", "__proto__", "a".repeat(300), "'; drop table runs; --"),
  fc.string({ unit: "binary", minLength: 1, maxLength: 10 }).map((text) => text.toWellFormed()),
);

/** Requests of every operation of the document, most of them right. */
export function requestsOf(document: OpenApi): fc.Arbitrary<FuzzRequest> {
  const operations = Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => requestOf(document, template, method.toUpperCase(), operation)),
  );
  return fc.oneof(...operations);
}

interface Parameter {
  name: string;
  in: string;
  required: boolean;
  schema: JsonSchema;
}

function requestOf(document: OpenApi, template: string, method: string, operation: JsonSchema): fc.Arbitrary<FuzzRequest> {
  // written by `openApiDocument`, whose form its own tests hold
  const parameters = (operation["parameters"] ?? []) as Parameter[];
  const schema = (operation["requestBody"] as { content: Record<string, { schema: JsonSchema }> } | undefined)?.content["application/json"]?.schema;
  const subject = fc.nat({ max: 30 });
  const path = subject.chain((index) =>
    fc.record(
      Object.fromEntries(
        parameters
          .filter((one) => one.in === "path")
          .map(({ name }) => [name, fc.oneof({ weight: 12, arbitrary: ownId(name, index) }, { weight: 1, arbitrary: junkId })]),
      ),
    ),
  );
  const query = fc.tuple(...parameters.filter((one) => one.in === "query").map((one) => queryOf(one, document))).map((given) => given.flat());
  const headers = fc.record(
    Object.fromEntries(
      parameters.filter((one) => one.in === "header").map(({ name }) => [name, fc.constantFrom("-1", "0", "1", "2", "junk", "return=minimal", "9".repeat(40))]),
    ),
    { requiredKeys: [] },
  );
  const body = schema === undefined ? fc.constant(undefined) : bodyOf(arbitraryOf(schema, document, hints));
  return fc.tuple(path, query, headers, body, subject).map(([inPath, inQuery, inHeaders, text, index]) => ({
    operation: `${method} ${template}`,
    subject: index,
    path: inPath as Record<string, string>,
    query: inQuery,
    headers: inHeaders as Record<string, string>,
    body: text,
  }));
}

function ownId(name: string, index: number): fc.Arbitrary<string> {
  const kind = KIND_OF_PARAMETER[name];
  if (kind !== undefined) return fc.constant(`«${kind}:${index}»`);
  if (name === "file") return fc.constantFrom("start.js", "swagger-ui.css", "x.js");
  return fc.constantFrom("steps", "ask", "nothing");
}

function queryOf({ name, required, schema }: Parameter, document: OpenApi): fc.Arbitrary<[string, string][]> {
  // joined by dots in an address
  const value = name === "namespace" ? fc.constantFrom("fuzz", "fuzz.deep", "other", "a..b") : (hints(name) ?? arbitraryOf(schema, document, hints));
  const given = value.map((one): [string, string][] =>
    [one].flat().map((part): [string, string] => [name, typeof part === "string" ? part : JSON.stringify(part)]),
  );
  return required ? given : fc.oneof({ weight: 2, arbitrary: fc.constant<[string, string][]>([]) }, { weight: 1, arbitrary: given });
}

/** As JSON; some of it spoiled. */
function bodyOf(valid: fc.Arbitrary<unknown>): fc.Arbitrary<string | undefined> {
  return fc.oneof(
    { weight: 16, arbitrary: valid.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: anyJson.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.tuple(valid, fc.nat({ max: 200 })).map(([value, at]) => JSON.stringify(value).slice(0, at)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        undefined,
        "",
        "[".repeat(5_000),
        '{"__proto__":{"admin":true}}',
        String.raw`{"metadata":{"a\u0000":"\ud800"}}`,
        "1e999",
        '{"limit":1e999}',
      ),
    },
  );
}
