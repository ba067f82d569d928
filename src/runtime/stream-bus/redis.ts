import { randomUUID } from "node:crypto";
import { type ChainableCommander, Redis } from "ioredis";
import type { Database } from "#db/client.ts";
import { AppError } from "#errors";
import type { Log } from "#log";
import type { StreamFrame } from "#protocol/wire.ts";
import { type BusLimits, DEFAULT_BUS_LIMITS, type StreamBus } from "./bus.ts";
import { FallbackFrameLog } from "./fallback-log.ts";
import { END_EVENT, type FrameLog, type RunFrames, wholeRun } from "./frame-log.ts";
import { LogStreamBus } from "./log-bus.ts";
import { Outage } from "./outage.ts";
import { TableFrameLog } from "./table-log.ts";

const HINTS = "slipway:hints";
/** A run that never ends its stream (its server is gone for good) is forgotten after a day. */
const ABANDONED_SECONDS = 86_400;
/** Silence after a command that means that the connection is dead, though nobody closed it. */
const SILENCE_MS = 3_000;
/** A listener sends nothing, so it would never notice. */
const PING_EVERY_MS = 5_000;

export interface RedisBusOptions {
  url: string;
  /** Carries the streams while Redis is away. */
  database: Database;
  log: Log;
  limits?: Partial<BusLimits>;
}

/**
 * The bus over Redis Streams: one stream a run, one connection that listens for all of them, one for everything else. While Redis is away,
 * from the first second on, streams go through the database.
 * @throws AppError `invalid_config` when REDIS_URL is no address of a Redis that takes us.
 */
export async function openRedisBus(options: RedisBusOptions): Promise<StreamBus> {
  const limits = { ...DEFAULT_BUS_LIMITS, ...options.limits };
  const outage = new Outage(options.log);
  const commands = connect(options.url, outage, "commands");
  const listener = connect(options.url, outage, "listener");
  try {
    await Promise.all([commands.connect(), listener.connect()]);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (/NOAUTH|WRONGPASS|NOPERM|ENOTFOUND|EAI_AGAIN/.test(`${message} ${String(Object(cause).code)}`)) {
      commands.disconnect();
      listener.disconnect();
      throw new AppError("invalid_config", `Redis does not take us (REDIS_URL): ${message}`, { cause });
    }
    outage.away("commands", cause);
  }
  const logs = { first: new RedisFrameLog(commands, listener, limits), second: new TableFrameLog(options.database, options.log, limits) };
  return new LogStreamBus(
    new FallbackFrameLog(logs, { away: (error) => outage.away("commands", error), back: () => outage.back("commands") }),
    options.log,
    limits,
  ).open();
}

function connect(url: string, outage: Outage, name: string): Redis {
  const client = new Redis(url, {
    lazyConnect: true,
    connectionName: `slipway-${name}`,
    connectTimeout: 5_000,
    socketTimeout: SILENCE_MS,
    // a command that cannot be sent fails at once: the database is the way round, not waiting
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(50 * 2 ** times, 1_000),
  });
  client.on("error", (error: Error) => outage.away(name, error));
  client.on("ready", () => outage.back(name));
  return client;
}

class RedisFrameLog implements FrameLog {
  readonly #commands: Redis;
  readonly #listener: Redis;
  readonly #limits: BusLimits;
  readonly #name = randomUUID().slice(0, 8);
  #pinging: NodeJS.Timeout | null = null;

  constructor(commands: Redis, listener: Redis, limits: BusLimits) {
    this.#commands = commands;
    this.#listener = listener;
    this.#limits = limits;
  }

  async append(batch: readonly RunFrames[]): Promise<void> {
    const lost: RunFrames[] = [];
    const pipeline = this.#commands.pipeline();
    const firsts = batch.map((run) => {
      const begins = Number(run.kept()[0]?.id ?? run.frames[0]?.id) >= Number(run.frames[0]?.id);
      return { run, at: this.#add(pipeline, run, run.frames, begins ? [] : ["NOMKSTREAM"]) };
    });
    const results = await execute(pipeline);
    for (const { run, at } of firsts) if (results[at] === null) lost.push(run);
    if (lost.length === 0) return;
    // somebody emptied Redis: these runs have no stream there any more
    const again = this.#commands.pipeline();
    for (const run of lost) this.#add(again, run, wholeRun(run), []);
    await execute(again);
  }

  async read(runId: string, after: number, limit: number): Promise<StreamFrame[]> {
    const start = after < 0 ? "-" : `(1-${after}`;
    const entries = await this.#commands.xrange(keyOf(runId), start, "+", "COUNT", limit);
    return entries.map(([id, fields]) => frameOf(id, fields));
  }

  async last(runId: string): Promise<number> {
    const entries = await this.#commands.xrevrange(keyOf(runId), "+", "-", "COUNT", 2);
    const frames = entries.map(([id, fields]) => frameOf(id, fields)).filter((frame) => frame.event !== END_EVENT);
    return frames[0] === undefined ? -1 : Number(frames[0].id);
  }

  async ended(runId: string): Promise<boolean> {
    const [newest] = await this.#commands.xrevrange(keyOf(runId), "+", "-", "COUNT", 1);
    return newest !== undefined && frameOf(...newest).event === END_EVENT;
  }

  async forget(runId: string): Promise<void> {
    await this.#commands.del(keyOf(runId));
  }

  async listen(onHint: (runId: string | null) => void): Promise<void> {
    const subscribe = async () => {
      await this.#listener.subscribe(HINTS);
      onHint(null);
    };
    this.#listener.on("message", (_channel: string, message: string) => {
      const [publisher, runId] = message.split(" ");
      if (publisher !== this.#name && runId !== undefined) onHint(runId);
    });
    // a connection that is lost again meanwhile comes here again
    this.#listener.on("ready", () => void subscribe().catch(() => {}));
    this.#pinging = setInterval(() => void this.#listener.ping().catch(() => {}), PING_EVERY_MS);
    this.#pinging.unref();
    if (this.#listener.status === "ready") await subscribe().catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#pinging !== null) clearInterval(this.#pinging);
    this.#listener.disconnect();
    this.#commands.disconnect();
  }

  /** Answers the place of the first frame's reply. */
  #add(pipeline: ChainableCommander, run: RunFrames, frames: readonly StreamFrame[], options: readonly "NOMKSTREAM"[]): number {
    const at = pipeline.length;
    const key = keyOf(run.runId);
    for (const frame of frames)
      pipeline.call("xadd", key, ...options, "MAXLEN", "~", this.#limits.frames, `1-${frame.id}`, "event", frame.event, "data", frame.data);
    // MAXLEN counts frames; the publisher's window is bounded by bytes too
    const trimmed = run.trimmed();
    if (trimmed >= 0) pipeline.xtrim(key, "MINID", "~", `1-${trimmed + 1}`);
    const ended = frames.some((frame) => frame.event === END_EVENT);
    pipeline.expire(key, ended ? Math.ceil(this.#limits.keepMs / 1_000) : ABANDONED_SECONDS);
    pipeline.publish(HINTS, `${this.#name} ${run.runId}`);
    return at;
  }
}

/** The answers in order. A frame that is there already (a batch that is tried again) is refused by its number, which is no failure. */
async function execute(pipeline: ChainableCommander): Promise<unknown[]> {
  const results = (await pipeline.exec()) ?? [];
  const failed = results.find(([error]) => error !== null && !error.message.includes("equal or smaller"));
  if (failed?.[0]) throw failed[0];
  return results.map(([error, answer]) => (error === null ? answer : "there"));
}

function keyOf(runId: string): string {
  return `slipway:stream:${runId}`;
}

function frameOf(id: string, fields: string[]): StreamFrame {
  const named = new Map<string, string>();
  for (let index = 0; index + 1 < fields.length; index += 2) named.set(fields[index] ?? "", fields[index + 1] ?? "");
  return { id: id.slice(id.indexOf("-") + 1), event: named.get("event") ?? "", data: named.get("data") ?? "null" };
}
