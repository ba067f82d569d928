import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readMcpConfig } from "#delivery/mcp/mcp-config.ts";
import { createMcpServers, type McpServers } from "#delivery/mcp/mcp-servers.ts";
import type { Log } from "#log";
import { makeMcpTools } from "#tools/mcp-tools.ts";
import { silent } from "../helpers/http-app.ts";

const SERVER = fileURLToPath(new URL("../fixtures/mcp/server.mjs", import.meta.url));

let folder: string;
let time = 0;
const opened: McpServers[] = [];
const warnings: string[] = [];
const log = Object.assign(Object.create(silent) as Log, { warn: (_facts: object, text: string) => warnings.push(text) });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-mcp-"));
  warnings.length = 0;
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function serversOf(mcpServers: Record<string, unknown>, environment: Record<string, string> = {}): Promise<McpServers> {
  const path = join(folder, ".mcp.json");
  await writeFile(path, JSON.stringify({ mcpServers }));
  const servers = createMcpServers(await readMcpConfig(path, environment), { log, now: () => time });
  opened.push(servers);
  return servers;
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

const process_ = (env: Record<string, string> = {}) => ({ command: process.execPath, args: [SERVER], env });
const starts = async () => (await readFile(join(folder, "starts"), "utf8")).trim().split("\n");

describe("tools of configured MCP servers", () => {
  it("are listed under their server's name, and called; a process is started once", async () => {
    const servers = await serversOf({ "my tools": process_({ STARTS: join(folder, "starts") }) });
    const [tools] = await Promise.all([servers.tools(), servers.tools()]);
    expect(tools.find((tool) => tool.name === "mcp_my_tools_add")).toEqual({
      name: "mcp_my_tools_add",
      description: "It can add.",
      inputSchema: { type: "object", properties: { a: { type: "number" }, b: { type: "number" } }, required: ["a", "b"] },
      readOnly: true,
    });
    expect(await servers.call("mcp_my_tools_add", { a: 2, b: 3 }, {})).toEqual({ text: "5", failed: false });
    expect(await servers.call("mcp_my_tools_fail", {}, {})).toEqual({ text: "this did not work", failed: true });
    expect((await servers.call("mcp_my_tools_picture", {}, {})).text).toBe("[image: image/png]");
    expect(await starts()).toHaveLength(1);
  });

  it("get little of our environment, and what they get is not shown", async () => {
    const servers = await serversOf(
      { it: process_({ TOKEN: "${SECRET_TOKEN}", PLAIN: "${NOT_SET:-fallback}" }) },
      { SECRET_TOKEN: "hunter2hunter2", OTHER: "no" },
    );
    const { text } = await servers.call("mcp_it_environment", {}, {});
    expect(text).not.toContain("hunter2");
    const shown = JSON.parse(text) as Record<string, string>;
    expect(shown["TOKEN"]).toBe("***");
    expect(shown).not.toHaveProperty("OTHER");
    expect(shown).not.toHaveProperty("VITEST");
  });

  it("go on with the others when one is down, which is named once, without its secrets", async () => {
    const broken = join(folder, "broken");
    await writeFile(broken, "");
    const servers = await serversOf({
      good: process_(),
      bad: process_({ BROKEN: broken, TOKEN: "hunter2hunter2" }),
      unset: process_({ KEY: "${NOBODY_SET_THIS}" }),
      far: { url: "http://127.0.0.1:9/mcp" },
    });
    const names = async () => [...new Set((await servers.tools()).map((tool) => tool.name.split("_")[1]))];
    expect(await names()).toEqual(["good"]);
    await servers.tools();
    expect(warnings.toSorted()).toEqual([
      expect.stringMatching(/^The MCP server "bad" does not answer: .*cannot start with \*\*\*/s),
      expect.stringMatching(/^The MCP server "far" does not answer: /),
      'The MCP server "unset" does not answer: NOBODY_SET_THIS is not set',
    ]);
    expect((await servers.call("mcp_bad_add", { a: 1, b: 1 }, {})).text).toMatch(/There is no tool "mcp_bad_add" now\..*"bad" does not answer/s);
    await rm(broken);
    expect(await names()).toEqual(["good"]);
    time += 1_001;
    expect(await names()).toEqual(["good", "bad"]);
  });

  it("come back when their process dies; the call that it died in is a text", async () => {
    const servers = await serversOf({ it: process_({ STARTS: join(folder, "starts") }) });
    expect(await servers.call("mcp_it_die", {}, {})).toEqual({ text: expect.stringContaining('The MCP server "it" did not do it'), failed: true });
    expect(await servers.call("mcp_it_add", { a: 1, b: 1 }, {})).toEqual({ text: "2", failed: false });
    expect(await starts()).toHaveLength(2);
  });

  it("are given up with their run, and their processes end with ours", async () => {
    const servers = await serversOf({ it: process_({ STARTS: join(folder, "starts") }) });
    await servers.tools();
    const giveUp = new AbortController();
    const call = servers.call("mcp_it_hang", {}, { signal: giveUp.signal });
    giveUp.abort();
    await expect(call).rejects.toThrow();
    const [pid] = await starts();
    await servers[Symbol.asyncDispose]();
    expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH");
    expect(await servers.tools()).toEqual([]);
  });

  it("keep nobody waiting who leaves: neither a run that is stopped nor our own end waits for a server that does not answer", async () => {
    const mute = createServer(() => {}).listen(0, "127.0.0.1");
    await once(mute, "listening");
    try {
      // an address of TCP
      const { port } = mute.address() as AddressInfo;
      const marker = join(folder, "mute-pid");
      const sleeper = `require("node:fs").writeFileSync(${JSON.stringify(marker)}, String(process.pid)); setInterval(() => {}, 1000)`;
      const servers = await serversOf({ far: { url: `http://127.0.0.1:${port}/mcp` }, near: { command: process.execPath, args: ["-e", sleeper] } });
      const giveUp = new AbortController();
      const stopped = servers.tools({ signal: giveUp.signal });
      const asked = servers.tools();
      await expect.poll(() => readFile(marker, "utf8").catch(() => "")).not.toBe("");
      giveUp.abort();
      await expect(stopped).rejects.toThrow();
      const begun = performance.now();
      await servers[Symbol.asyncDispose]();
      expect(await asked).toEqual([]);
      // a process is given two seconds to end by itself, and a server fifteen to answer
      expect(performance.now() - begun).toBeLessThan(12_000);
      const pid = Number(await readFile(marker, "utf8"));
      await expect.poll(() => isGone(pid)).toBe(true);
    } finally {
      mute.closeAllConnections();
      mute.close();
    }
  });

  it("as an agent's tools: bounded, failures as text, only harmless ones while nothing is clear, none without a configuration", async () => {
    const servers = await serversOf({ it: process_() });
    const tools = new Map((await makeMcpTools(servers)).map((tool) => [tool.name, tool]));
    expect(String(await tools.get("mcp_it_long")?.invoke({}))).toMatch(/^x+\n\[… 92000 characters left out …\]\nx+$/);
    expect(await tools.get("mcp_it_fail")?.invoke({})).toBe("Error: this did not work");
    await expect(tools.get("mcp_it_add")?.invoke({ a: "one" })).rejects.toThrow(/did not match expected schema/);
    const harmless = (await makeMcpTools(servers, { effects: false })).map((tool) => tool.name);
    expect([harmless.includes("mcp_it_add"), harmless.includes("mcp_it_write")]).toEqual([true, false]);
    expect(await makeMcpTools(undefined)).toEqual([]);
  });
});

describe("a .mcp.json that is wrong", () => {
  it.each([
    ["no file", null],
    ["no JSON", '{"mcpServers": {"x": {"env": {"KEY": "hunter2hunter2"'],
    ["no servers", "{}"],
    ["a server without anything", '{"mcpServers": {"x": {}}}'],
  ])("is refused at the start, and not quoted: %s", async (_what, text) => {
    const path = join(folder, "wrong.json");
    if (text !== null) await writeFile(path, text);
    const refusal = await readMcpConfig(path, {}).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "invalid_config", message: expect.stringContaining("wrong.json") });
    expect(String(refusal)).not.toContain("hunter2");
  });
});
