import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { Command, MemorySaver, type CompiledStateGraph } from "@langchain/langgraph";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { createProjects } from "#delivery/projects/projects.ts";
import { createWorkspaces } from "#delivery/workspaces/workspaces.ts";
import { approvedReleases } from "#governance/approved-releases.ts";
import { PORTS_KEY } from "#graphs/context.ts";
import { devops } from "#graphs/devops/graph.ts";
import type { DevopsState } from "#graphs/devops/state.ts";
import { createModels } from "#models/create-models.ts";
import type { Project, ProjectsPort } from "#ports/projects.ts";
import type { RunPorts } from "#ports/run.ts";
import type { TestReport } from "#ports/tests.ts";
import type { WorkspacesPort } from "#ports/workspaces.ts";
import type { ApprovalPayload } from "#protocol/approval-payload.ts";
import type { DevopsOrder } from "#protocol/team-work.ts";
import { DecisionRecord } from "../helpers/decision-record.ts";
import { deliveryWorld } from "../helpers/delivery-world.ts";
import { greenDelivery } from "../helpers/green-delivery.ts";
import { startModelEndpoint } from "../helpers/model-endpoint.ts";

// the devops team on real ground: PostgreSQL, git, the secret vault, a supervised process behind the proxy
vi.setConfig({ testTimeout: 300_000 });
const world = deliveryWorld();
const reports = new Map<string, TestReport>();
const saver = new MemorySaver();
// the types of a compiled graph name every node; the tests only use its state
const graph = devops.compile({ checkpointer: saver }) as unknown as CompiledStateGraph<DevopsState, Partial<DevopsState>, string>;

type Reached = DevopsState & { __interrupt__?: { id: string; value: ApprovalPayload }[] };

let workspaces: WorkspacesPort;
let projects: ProjectsPort;
let project: Project;

const fixture = async (name: string) => {
  const text = await readFile(join(import.meta.dirname, "../fixtures/services", name), "utf8");
  // a token that the service can do without would be asked for
  return text.replace(/^.*process\.env\.API_TOKEN \?\?.*\n/mu, "");
};

beforeEach(async () => {
  workspaces = createWorkspaces({ dataDir: world.dataDir, sandbox: world.sandbox });
  projects = createProjects({ database: world.database, run: { owner: "local", threadId: randomUUID(), branch: "main" } });
  project = await projects.create({ call: "p", name: `app ${randomUUID().slice(0, 8)}`, goal: "answers", stack: "node" });
});

async function delivered(server: string): Promise<DevopsOrder> {
  const { order, report } = await greenDelivery({ database: world.database, projects, workspaces }, project, server);
  reports.set(report.id, report);
  return order;
}

interface Thread {
  run(input: unknown): Promise<Reached>;
  answer(reached: Reached, reply: unknown): Promise<Reached>;
}

function thread(wrap: (ports: RunPorts) => RunPorts = (ports) => ports, modelUrl = "http://127.0.0.1:9/v1"): Thread {
  const threadId = randomUUID();
  const refused = () => {
    throw new Error("devops does not use this port");
  };
  const run = { owner: "local", threadId, runId: randomUUID(), graphId: "devops", branch: "main" };
  const decided = new DecisionRecord();
  const ports: RunPorts = {
    run,
    models: createModels({ config: { MODEL_TIMEOUT: 30, OPENAI_BASE_URL: modelUrl, RECORDINGS_DIR: "/nonexistent" }, retryDelaysMs: [] }),
    projects,
    workspaces,
    tests: { run: refused, get: async (id) => reports.get(id) ?? null },
    decisions: decided.port(run),
    releases: approvedReleases(world.releases({ watchMs: 0 }).forOwner("local"), decided.port(run)),
    secrets: world.vault.forOwner("local"),
    teams: { start: refused, list: refused, cancel: refused },
    approvals: { pendingOfTeams: refused, decideForTeam: refused },
    commands: { sandbox: "none", run: refused },
  };
  const config = { configurable: { thread_id: threadId, [PORTS_KEY]: wrap(ports) } };
  return {
    run: (input) => graph.invoke(input as never, config) as Promise<Reached>,
    answer: (reached, reply) => {
      decided.note(threadId, questionOf(reached).value, reply);
      return graph.invoke(new Command({ resume: { [questionOf(reached).id]: reply } }), config) as Promise<Reached>;
    },
  };
}

function questionOf(reached: Reached): { id: string; value: ApprovalPayload } {
  const question = reached.__interrupt__?.[0];
  if (question === undefined) throw new Error(`nothing was asked: ${JSON.stringify(reached.result)}`);
  return question;
}

/** Through the proxy, as a browser at `<slug>.localhost` would. */
async function fetchService(path: string): Promise<string> {
  const port = await world.proxyPort();
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path, headers: { host: `${project.slug}.localhost:${port}` } }, (response) => {
      let text = "";
      response
        .setEncoding("utf8")
        .on("data", (piece: string) => (text += piece))
        .on("end", () => resolve(text));
    });
    call.on("error", reject).end();
  });
}

describe("on real ground", () => {
  test("from a green commit to an answering service, its secret given by a person and seen by nobody else", async () => {
    await using endpoint = await startModelEndpoint(() => ({
      toolCalls: [
        {
          name: "classify_environment",
          arguments: { names: [{ name: "API_TOKEN", class: "user", purpose: "opens the door", where: "ask the porter", value: null }] },
        },
      ],
    }));
    const order = await delivered(await fixture("needs-secret.js"));
    const team = thread(undefined, endpoint.url);
    const asked = await team.run(order);
    expect(questionOf(asked).value.action_request.args).toEqual({ API_TOKEN: "" });
    expect(questionOf(asked).value.description).toContain("opens the door (ask the porter)");
    const { reference } = await world.vault.storeUserValue(project.id, "API_TOKEN", "hunter2-hunter2", "local");
    const evidence = await team.answer(asked, {
      type: "edit",
      message: null,
      args: { API_TOKEN: reference },
      approval_id: questionOf(asked).value.x.approval_id,
      decided_by: "local",
    });
    expect(questionOf(evidence).value.description).toContain("`src/server.js`");
    expect(questionOf(evidence).value.description).toContain("`API_TOKEN`");
    const { result } = await team.answer(evidence, { type: "approve" });
    expect(result).toMatchObject({ status: "live", release_number: 1, url: `http://${project.slug}.localhost:${await world.proxyPort()}` });
    expect(await fetchService("/length")).toBe("15");
    expect((await projects.deliveries(project.id))[0]).toMatchObject({ status: "deployed", releaseId: result?.release_id });
    expect(JSON.stringify(endpoint.requests)).not.toContain("hunter2");
    expect(JSON.stringify(saver.storage) + JSON.stringify(saver.writes)).not.toContain("hunter2");
  });

  test("a worker that dies right after the effect deploys once; a bad release leaves the good one serving; rollback and undeploy do what they say", async () => {
    const order = await delivered(await fixture("healthy.js"));
    let kills = 1;
    const team = thread((ports) => ({
      ...ports,
      releases: {
        ...ports.releases,
        deploy: async (wanted, digest) => {
          const outcome = await ports.releases.deploy(wanted, digest);
          if (kills-- > 0) throw new Error("killed");
          return outcome;
        },
      },
    }));
    const asked = await team.run(order);
    await expect(team.answer(asked, { type: "approve" })).rejects.toThrow("killed");
    const { result } = await team.run(null);
    expect(result).toMatchObject({ status: "live", release_number: 1 });
    expect(await fetchService("/")).toBe(result?.release_id);
    const status = await world.releases().forOwner("local").status(project.id);
    expect(status.releases).toHaveLength(1);

    const bad = thread();
    const failed = await bad.answer(await bad.run(await delivered(await fixture("exits-at-once.js"))), true);
    expect(failed.result).toMatchObject({ status: "rolled_back" });
    expect(failed.result?.summary).toMatch(/exit code 3/u);
    expect(await fetchService("/")).toBe(result?.release_id);

    const better = thread();
    const second = await better.answer(await better.run(await delivered(`// better\n${await fixture("healthy.js")}`)), true);
    expect(second.result).toMatchObject({ status: "live", release_number: 3 });
    const back = thread();
    const rolled = await back.answer(await back.run({ ...order, action: "rollback", delivery_id: null, reason: "slow" }), true);
    expect(rolled.result).toMatchObject({ status: "rolled_back", release_number: 1 });
    expect(await fetchService("/")).toBe(result?.release_id);
    const off = thread();
    const gone = await off.answer(await off.run({ ...order, action: "undeploy", delivery_id: null, reason: "done" }), true);
    expect(gone.result).toMatchObject({ status: "undeployed", url: null });
    expect((await world.releases().forOwner("local").status(project.id)).serving).toBeNull();
  });
});
