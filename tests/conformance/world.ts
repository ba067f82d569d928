import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Client } from "@langchain/langgraph-sdk";
import { afterAll, beforeAll } from "vitest";
import { testDatabase, type TestDatabase } from "../helpers/database.ts";
import { startModelEndpoint, type ModelEndpoint, type ModelScript } from "../helpers/model-endpoint.ts";
import { startServer, type ServerProcess } from "../helpers/server.ts";

/** A server process on a database of its own, and a model endpoint that its graphs speak to. */
export interface World {
  readonly client: Client;
  readonly server: ServerProcess;
  readonly database: TestDatabase;
  readonly model: ModelEndpoint;
  /** Plain HTTP, for what the SDK hides. */
  http(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** A file that the `gate` graph waits for. */
  gate(): Gate;
}

export interface Gate {
  readonly input: { gate: string };
  open(): Promise<void>;
}

export const CONFORMANCE_GRAPHS = fixture("conformance/langgraph.json");

export function fixture(path: string): string {
  return fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url));
}

const DEFAULT_SCRIPT: ModelScript = () => ({ text: "Hello to you too" });

/**
 * Starts a world before the tests of a file and ends it after them. `environment` is asked once the model endpoint is there.
 * The functions read the running world, so they are called inside tests only.
 */
export function world(options: { langgraphJson?: string; script?: ModelScript; environment?: (model: ModelEndpoint) => Record<string, string> } = {}): World {
  let running: { server: ServerProcess; database: TestDatabase; model: ModelEndpoint } | undefined;

  beforeAll(async () => {
    const database = await testDatabase();
    const model = await startModelEndpoint(options.script ?? DEFAULT_SCRIPT);
    const server = await startServer({
      databaseUrl: database.url,
      langgraphJson: options.langgraphJson ?? CONFORMANCE_GRAPHS,
      environment: { CHAT_MODEL_URL: model.url, ...options.environment?.(model) },
    });
    running = { server, database, model };
  });

  afterAll(async () => {
    await running?.server[Symbol.asyncDispose]();
    await running?.model[Symbol.asyncDispose]();
  });

  function now(): { server: ServerProcess; database: TestDatabase; model: ModelEndpoint } {
    if (running === undefined) throw new Error("the world has not started");
    return running;
  }

  return {
    get client() {
      return now().server.client;
    },
    get server() {
      return now().server;
    },
    get database() {
      return now().database;
    },
    get model() {
      return now().model;
    },
    http(method, path, body, headers = {}) {
      const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
      return fetch(`${now().server.url}${path}`, { method, headers, ...(text === undefined ? {} : { body: text }) });
    },
    gate() {
      const path = join(now().server.dataDir, `gate-${randomUUID()}`);
      return { input: { gate: path }, open: () => writeFile(path, "") };
    },
  };
}

/** Asks again until the answer is what is waited for; the test's own time limit ends it. */
export async function until<T>(ask: () => Promise<T>, good: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (good(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** All events of a stream. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const events: T[] = [];
  for await (const event of stream) events.push(event);
  return events;
}
