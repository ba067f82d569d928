/**
 * The composition root: configuration, database, bus, what the teams stand on, runtime, HTTP, in this order; and the way back down.
 *
 * SIGTERM and SIGINT drain: no run is claimed any more, running ones stop at their next checkpoint and are handed back, open
 * streams are cut. A second signal ends at once, but not within a second: Ctrl-C comes from the terminal and once more from each
 * launcher. One that comes during the start ends it after the step that it is at, and what was opened until then is closed: an embedded
 * PostgreSQL is not left behind. When the launcher (`scripts/run.mjs`, the demo) dies, this process ends too.
 */
import { resolve } from "node:path";
import { readConfig } from "#config";
import { createCommands } from "#delivery/commands.ts";
import { readMcpConfig } from "#delivery/mcp/mcp-config.ts";
import { createMcpServers } from "#delivery/mcp/mcp-servers.ts";
import { createProjectsService } from "#delivery/projects/projects-service.ts";
import { SERVICE_PORTS } from "#delivery/releases/port-lease.ts";
import { createReleases } from "#delivery/releases/releases.ts";
import { detectSandbox } from "#delivery/sandbox/detect.ts";
import { createSecretVault } from "#delivery/secrets/vault.ts";
import { createTests } from "#delivery/test-run/create-tests.ts";
import { createWorkspaces } from "#delivery/workspaces/workspaces.ts";
import { toAppError } from "#errors";
import { EventLog } from "#governance/events/event-log.ts";
import { makeEventsService } from "#governance/events/events-service.ts";
import { createLog, type Log } from "#log";
import { createModels } from "#models/create-models.ts";
import { createEmbeddings } from "#models/embedding-model.ts";
import { Checkpointer } from "#runtime/checkpointer.ts";
import { createRuntime } from "#runtime/create-runtime.ts";
import { readLanggraphProject } from "#runtime/langgraph-project.ts";
import { loadAuth } from "#runtime/load-auth.ts";
import { loadCustomApp } from "#runtime/load-custom-app.ts";
import { loadGraphs } from "#runtime/load-graphs.ts";
import { readStoreOptions } from "#runtime/store-settings.ts";
import { retentionOf } from "#runtime/retention.ts";
import { Store } from "#runtime/store.ts";
import { makeUiBundles } from "#runtime/ui-bundles.ts";
import { webhookRules } from "#runtime/webhooks/project-webhooks.ts";
import { createApp } from "#server/app.ts";
import { identifyBy } from "#server/identification.ts";
import { listen } from "#server/listen.ts";
import { STUDIO_ORIGIN } from "#server/middleware/origins.ts";
import { openLoopback } from "#server/loopback.ts";
import { securityOf } from "#server/openapi/security.ts";
import { createMetrics } from "#metrics/metrics.ts";
import { announce } from "#start/announce.ts";
import { makeRunPorts } from "#start/make-run-ports.ts";
import { openAccessDenials } from "#start/open-access-denials.ts";
import { openBus } from "#start/open-bus.ts";
import { openConfiguredDatabase } from "#start/open-database.ts";
import { openBuiltInAuth } from "#start/open-built-in-auth.ts";
import { openRateLimiter } from "#start/open-rate-limiter.ts";
import { outliveGraphs } from "#start/outlive-graphs.ts";
import { isLoopback, refuseOpenNetwork } from "#start/refuse-open-network.ts";
import { refuseUnwritableFolder } from "#start/refuse-unwritable-folder.ts";
import { readGraphDefaults } from "#start/read-graph-defaults.ts";
import { sealSecretAnswer } from "#start/seal-secret-answer.ts";
import { stopWork } from "#start/stop-work.ts";
import { LANGGRAPH_VERSION, VERSION } from "#version";

const DEFAULT_PORT = 2024;

interface Slipway extends AsyncDisposable {
  log: Log;
  /** Takes nothing new, hands running work back, closes HTTP. */
  stop(): Promise<void>;
}

/** @param signal ends the start; then what it was aborted with is thrown, and nothing is left open */
async function start(signal: AbortSignal): Promise<Slipway> {
  const config = readConfig(process.env);
  const log = createLog(config.LOG_LEVEL);
  const dataDir = resolve(config.DATA_DIR);
  await using stack = new AsyncDisposableStack();

  const project = await readLanggraphProject({ configPath: config.LANGGRAPH_JSON, environment: process.env });
  refuseOpenNetwork(config, project);
  if (project.ignored.length > 0) log.warn({ keys: project.ignored }, `without effect in ${config.LANGGRAPH_JSON}`);
  // a project that cannot tell who asks ends here, before anything is started for it
  const auth = await loadAuth(project);
  signal.throwIfAborted();

  const [sandbox, opened] = await Promise.all([detectSandbox({ allowUnsandboxed: config.ALLOW_UNSANDBOXED }), openConfiguredDatabase(config, log)]);
  const { database, embedded } = stack.use(opened);
  signal.throwIfAborted();
  const bus = stack.use(await openBus(config, database, log));
  signal.throwIfAborted();
  // a project's own wins
  const builtInAuth = auth === null ? openBuiltInAuth(config, { database, log }) : null;

  const eventLog = stack.use(new EventLog({ database, log, keepDays: config.EVENT_RETENTION_DAYS === 0 ? null : config.EVENT_RETENTION_DAYS }));
  const models = createModels({ config });
  const vault = createSecretVault({ database, dataDir, secretsKey: config.SECRETS_KEY, previousKey: config.SECRETS_KEY_PREVIOUS, embedded });
  const releases = createReleases({ database, dataDir, proxyPort: config.PROXY_PORT, vault, sandbox, log });
  const workspaces = createWorkspaces({ dataDir, sandbox });
  const commands = createCommands({ sandbox, workspaces });
  const tests = createTests({ database, dataDir, sandbox });
  const mcp = config.MCP_CONFIG === undefined ? null : stack.use(createMcpServers(await readMcpConfig(config.MCP_CONFIG, process.env), { log }));

  const checkpointer = new Checkpointer(database);
  const store = new Store(database, await readStoreOptions(project, (model) => createEmbeddings(config, model)));
  const loopback = stack.use(openLoopback(`http://localhost:${config.PORT ?? DEFAULT_PORT}${project.settings.http?.mount_prefix ?? ""}`));
  const graphs = await loadGraphs({ project, checkpointer, store, log });
  if (config.ROLE !== "server" && graphs.all.some(({ ours }) => ours)) refuseUnwritableFolder(dataDir);
  signal.throwIfAborted();
  const metrics = createMetrics({ database, busy: () => runtime.busy() });
  const runtime = stack.use(
    await createRuntime({
      sharedStore: auth?.sharesStore ?? false,
      judgeOf: auth?.judgeOf ?? builtInAuth?.judgeOf ?? null,
      database,
      bus,
      graphs,
      checkpointer,
      store,
      storeSweepMinutes: project.settings.store?.ttl?.sweep_interval_minutes,
      log,
      role: config.ROLE,
      jobs: config.N_JOBS_PER_WORKER,
      leaseSeconds: config.LEASE_SECONDS,
      jobTimeoutSeconds: config.JOB_TIMEOUT,
      drainSeconds: config.DRAIN_SECONDS,
      retention: retentionOf(project.settings.checkpointer?.ttl),
      metrics,
      webhooks: { secrets: config.WEBHOOK_SECRET ?? [], allowPrivate: config.WEBHOOK_ALLOW_PRIVATE, rules: webhookRules(project.settings, process.env) },
      graphDefaults: readGraphDefaults(config.LANGGRAPH_CONFIG),
      makeRunPorts: makeRunPorts({ database, models, vault, releases, workspaces, commands, tests, mcp, log }),
      sealSecretAnswer: sealSecretAnswer(vault),
    }),
  );
  signal.throwIfAborted();
  stack.use(releases.superviseSupervisor());

  let ready = false;
  const services = {
    ...runtime.services,
    events: makeEventsService({ database, eventLog }),
    projects: createProjectsService({ database, releases, stopWork: stopWork({ database, bus }) }),
    ui: makeUiBundles(project),
    keys: builtInAuth?.keys ?? null,
    system: {
      ready: () => ready,
      info: () => ({
        version: VERSION,
        langgraph_js_version: LANGGRAPH_VERSION,
        sandbox: sandbox.level,
        models: models.mode,
        graphs: graphs.all.map(({ id, error }) => ({ id, error })),
      }),
    },
  };
  outliveGraphs(log);
  const { limiter: rateLimiter, keyLimiter } = stack.use(openRateLimiter(config, log));
  const customApp = await loadCustomApp(project);
  signal.throwIfAborted();
  const app = makeApp();
  loopback.serve(app);
  await Promise.all([runtime.start(), eventLog.start()]);
  ready = true;
  const http = config.ROLE === "worker" ? null : await serve();
  signal.throwIfAborted();
  announce({
    url: http?.url ?? null,
    movedFrom: http?.movedFrom ?? null,
    config,
    hasAuth: auth !== null,
    dataDir,
    embedded,
    sandbox: sandbox.level,
    models: models.mode,
    samples: models.sampleRequests(),
    graphs: graphs.all,
  });

  const kept = stack.move();
  return {
    log,
    async stop() {
      await runtime.drain();
      await http?.close({ graceMs: 1_000 });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };

  function makeApp() {
    return createApp({
      services,
      log,
      caller: () => ({ owner: "local" }),
      identify: auth === null ? (builtInAuth?.identify ?? null) : identifyBy(auth, SERVICE_PORTS),
      watch: builtInAuth?.watch ?? null,
      // on a network, pages of this machine and of Studio are strangers too; and so they are to accounts
      allowedOrigins: isLoopback(config.HOST) && builtInAuth === null ? ["localhost", STUDIO_ORIGIN] : [],
      alwaysAllowedOrigins: config.CORS_ORIGINS,
      http: project.settings.http,
      security: securityOf({ kinds: config.AUTH, hasServiceKey: config.SERVICE_KEY !== undefined, own: project.settings.auth }),
      customApp,
      metrics,
      rateLimiter,
      keyLimiter,
      denials: openAccessDenials({ database, log, auth: builtInAuth !== null ? "built-in" : auth !== null ? "project" : null }),
      maxBodyBytes: config.MAX_BODY_BYTES,
      stream: { opened: metrics.streamOpened },
      // a credential that a page does not have needs no such help, and a proxy on this machine may pass its own name on
      allowedHosts: isLoopback(config.HOST) && builtInAuth === null ? [config.HOST] : null,
      servicePorts: SERVICE_PORTS,
    });
  }

  async function serve() {
    return stack.use(await listen(app, { host: config.HOST, port: config.PORT ?? DEFAULT_PORT, portWasAsked: config.PORT !== undefined }));
  }
}

// whoever reads our output may go away first
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

const starting = new AbortController();
let slipway: Slipway | null = null;
let stopping: number | null = null;

/** The same wish to stop, heard by another way. */
const ECHO_MS = 1_000;

function stop(reason: string): void {
  if (stopping !== null && performance.now() - stopping < ECHO_MS) return;
  if (stopping !== null) process.exit(1);
  stopping = performance.now();
  if (slipway === null) return starting.abort(reason);
  const running = slipway;
  running.log.info(`${reason}: running work stops at its next checkpoint and is handed back`);
  running
    .stop()
    .then(() => running[Symbol.asyncDispose]())
    .then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(toAppError(error).message);
        process.exit(1);
      },
    );
}

process.on("SIGTERM", () => stop("SIGTERM"));
process.on("SIGINT", () => stop("SIGINT"));
process.on("SIGHUP", () => stop("SIGHUP"));
process.on("disconnect", () => stopping === null && stop("The launcher is gone"));

try {
  slipway = await start(starting.signal);
} catch (error) {
  if (starting.signal.aborted && error === starting.signal.reason) process.exit(0);
  console.error(`Slipway cannot start. ${toAppError(error).message}`);
  process.exit(1);
}
