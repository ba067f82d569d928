// Starts LangGraph's own development server: node start.mjs PORT WORKERS, in a folder that holds it and the graphs.
import { readFileSync } from "node:fs";
import { startServer } from "@langchain/langgraph-api/server";

const [port, workers] = process.argv.slice(2).map(Number);
const { graphs } = JSON.parse(readFileSync("graphs/langgraph.json", "utf8"));
const inFolder = Object.fromEntries(Object.entries(graphs).map(([id, path]) => [id, path.replace("./", "./graphs/")]));
await startServer({ port, nWorkers: workers, host: "127.0.0.1", cwd: process.cwd(), graphs: inFolder });
