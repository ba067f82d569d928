import { STATUS_CODES } from "node:http";
import { z } from "zod";
import { ERROR_CODES } from "#errors";
import { ERROR_CODE_HEADER } from "#protocol/errors.ts";
import type { Endpoint } from "../endpoint.ts";
import { isOurs } from "../middleware/error-handler.ts";
import type { Answer } from "./answers.ts";
import { type JsonSchema, SchemaWriter, withoutNull } from "./schemas.ts";
import type { Security } from "./security.ts";

export interface DocumentOptions {
  version: string;
  /** Under which everything is mounted; empty for nothing. */
  prefix: string;
  security: Security;
}

const TITLE = "Slipway";
const ABOUT = `The LangGraph Server API, and what is ours beside it. Unmodified LangGraph clients work.

Every answer carries \`x-request-id\`. A refusal carries \`${ERROR_CODE_HEADER}\` and says in words what to do next: as plain text on LangGraph's routes, as JSON on ours.
Fields that are not known are ignored. Lists answer \`x-pagination-total\` and \`x-pagination-next\`.`;

const TEXT: JsonSchema = { type: "string" };

/** The OpenAPI 3.1 document of these endpoints, ready to be sent. */
export function openApiDocument(endpoints: readonly Endpoint[], options: DocumentOptions): object {
  const schemas = new SchemaWriter();
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of endpoints) {
    const path = endpoint.template.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [endpoint.method]: operation(endpoint, schemas, options.security) };
  }
  const errorBody = schemas.write(ErrorBody);
  return {
    openapi: "3.1.0",
    info: { title: TITLE, version: options.version, description: ABOUT, license: { name: "MIT", identifier: "MIT" } },
    servers: [{ url: options.prefix === "" ? "/" : options.prefix }],
    tags: [...new Set(endpoints.map((endpoint) => endpoint.tag))].map((name) => ({ name })),
    ...(options.security.required.length > 0 ? { security: options.security.required } : {}),
    paths,
    components: {
      schemas: schemas.components(),
      ...(Object.keys(options.security.schemes).length > 0 ? { securitySchemes: options.security.schemes } : {}),
      headers: {
        ErrorCode: { description: "What went wrong, for programs.", schema: { type: "string", enum: Object.keys(ERROR_CODES) } },
      },
      responses: {
        Refused: refusal({ "text/plain": { schema: TEXT } }),
        RefusedInJson: refusal({ "application/json": { schema: errorBody } }),
      },
    },
  };
}

const ErrorBody = z
  .object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) })
  .meta({ id: "Error", description: "What went wrong, and what to do next." });

function refusal(content: object): object {
  return { description: "Refused, or failed.", headers: { [ERROR_CODE_HEADER]: { $ref: "#/components/headers/ErrorCode" } }, content };
}

function operation(endpoint: Endpoint, schemas: SchemaWriter, security: Security): object {
  const body = endpoint.body ?? endpoint.bodyReadElsewhere;
  const refused = { $ref: `#/components/responses/${isOurs(endpoint.template) ? "RefusedInJson" : "Refused"}` };
  const parameters = [...pathParameters(endpoint, schemas), ...queryParameters(endpoint, schemas), ...headerParameters(endpoint)];
  return {
    operationId: `${endpoint.method}${endpoint.template.replaceAll(/[^A-Za-z0-9]+/g, "_").replace(/_$/, "")}`,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    ...(endpoint.about === undefined ? {} : { description: endpoint.about }),
    ...(endpoint.open === true && security.required.length > 0 ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined ? {} : { requestBody: { required: needsBody(body), content: { "application/json": { schema: schemas.write(body) } } } }),
    responses: {
      ...Object.fromEntries(Object.entries(endpoint.answers).map(([status, answer]) => [status, responseOf(status, answer, schemas)])),
      "4XX": refused,
      "5XX": refused,
    },
  };
}

function responseOf(status: string, answer: Answer, schemas: SchemaWriter): object {
  const headers = Object.entries(answer.headers ?? {}).map(([name, description]) => [name, { description, schema: TEXT }] as const);
  return {
    description: answer.what === "" ? (STATUS_CODES[status] ?? "") : answer.what,
    ...(headers.length > 0 ? { headers: Object.fromEntries(headers) } : {}),
    ...(answer.content === undefined ? {} : { content: { [answer.content.type]: { schema: schemas.write(answer.content.schema) } } }),
  };
}

/** No body at all is `{}`: one is needed when that is not enough. */
function needsBody(schema: z.ZodType): boolean {
  return !schema.safeParse({}).success;
}

function pathParameters({ template, path }: Endpoint, schemas: SchemaWriter): object[] {
  const properties: Record<string, JsonSchema> = path === undefined ? {} : objectOf(path, schemas).properties;
  return [...template.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({ name, in: "path", required: true, schema: withoutNull(properties[name] ?? TEXT) }));
}

function queryParameters({ query }: Endpoint, schemas: SchemaWriter): object[] {
  if (query === undefined) return [];
  const { properties, required } = objectOf(query, schemas);
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", required: required.includes(name), schema: withoutNull(schema) }));
}

function headerParameters({ headers }: Endpoint): object[] {
  return Object.entries(headers ?? {}).map(([name, description]) => ({ name, in: "header", required: false, description, schema: TEXT }));
}

const ObjectSchema = z.object({
  properties: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  required: z.array(z.string()).default([]),
});

/** Parameters are the fields of an object. */
function objectOf(schema: z.ZodType, schemas: SchemaWriter): z.output<typeof ObjectSchema> {
  return ObjectSchema.parse(schemas.write(schema));
}
