import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@langchain/langgraph-sdk";
import { expect, onTestFinished, test } from "vitest";
import { testDatabase } from "../helpers/database.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A graph that waits for a file in its first step and says `word` in its second. */
const graphSaying = (word: string) => `
  import { existsSync } from "node:fs";
  import { setTimeout as sleep } from "node:timers/promises";
  import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
  export const graph = new StateGraph(Annotation.Root({ gate: Annotation<string>(), word: Annotation<string>() }))
    .addNode("wait", async (state, config) => {
      config.writer?.("waiting");
      while (!existsSync(state.gate)) await sleep(20, undefined, { signal: config.signal });
      return {};
    })
    .addNode("say", () => ({ word: ${word} }))
    .addEdge(START, "wait").addEdge("wait", "say").addEdge("say", END);`;

/** Answers the addresses that a server prints each time it is ready. */
function addresses(child: ChildProcess): () => Promise<string> {
  let text = "";
  let seen = 0;
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  return async () => {
    for (;;) {
      const found = [...text.matchAll(/Slipway is ready: (http:\/\/\S+)\n/g)][seen]?.[1];
      if (found !== undefined) {
        seen += 1;
        return found;
      }
      if (child.exitCode !== null) throw new Error(`it ended:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
}

const clientOf = (apiUrl: string) => new Client({ apiUrl, apiKey: null, callerOptions: { maxRetries: 0 } });

test("in development, editing a served project during a run starts the server anew, and the run goes on with the new code", async () => {
  const { url } = await testDatabase();
  const project = temporaryFolder("edited");
  const gate = join(project, "gate");
  const edit = (file: string, text: string) => writeFile(join(project, file), text);
  await edit("langgraph.json", JSON.stringify({ graphs: { waiter: "./graph.ts:graph" }, env: "./.env" }));
  await edit(".env", "WORD=old\n");
  await edit("graph.ts", graphSaying(`"the first words"`));
  const child = spawn(process.execPath, ["scripts/watch.ts", "src/main.ts"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      PORT: "0",
      PROXY_PORT: "0",
      DATABASE_URL: url,
      DATA_DIR: temporaryFolder("data"),
      LANGGRAPH_JSON: join(project, "langgraph.json"),
      LOG_LEVEL: "warn",
      SECRETS_KEY: Buffer.alloc(32, 7).toString("base64"),
      DRAIN_SECONDS: "0",
    },
  });
  onTestFinished(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  });
  const nextAddress = addresses(child);

  const before = clientOf(await nextAddress());
  const { thread_id } = await before.threads.create();
  const run = await before.runs.create(thread_id, "waiter", { input: { gate }, streamResumable: true, streamMode: "custom" });
  for await (const { data } of before.runs.joinStream(thread_id, run.run_id, { lastEventId: "-1", streamMode: "custom" })) if (data === "waiting") break;

  await edit("graph.ts", graphSaying("process.env.WORD"));
  const after = clientOf(await nextAddress());
  await writeFile(gate, "");
  expect(await after.runs.join(thread_id, run.run_id)).toMatchObject({ word: "old" });

  // the two files that no module imports, each by itself
  await edit(".env", "WORD=new\n");
  const renamed = clientOf(await nextAddress());
  expect(await renamed.runs.wait(null, "waiter", { input: { gate } })).toMatchObject({ word: "new" });
  await edit("langgraph.json", JSON.stringify({ graphs: { waiter: "./graph.ts:graph", second: "./graph.ts:graph" }, env: "./.env" }));
  const last = clientOf(await nextAddress());
  expect(await last.runs.wait(null, "second", { input: { gate } })).toMatchObject({ word: "new" });
});
