import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { AppError } from "#errors";
import type { Log } from "#log";
import type { StreamFrame } from "#protocol/wire.ts";
import { type BusLimits, DEFAULT_BUS_LIMITS, type StreamBus } from "./bus.ts";
import { END_EVENT, type FrameLog, type RunFrames } from "./frame-log.ts";
import { LogStreamBus } from "./log-bus.ts";

const HINTS = "slipway:hints";
/** A run that never ends its stream (its server is gone for good) is forgotten after a day. */
const ABANDONED_SECONDS = 86_400;

/** The bus over Redis Streams: one stream a run, one connection that listens for all of them. @throws AppError `invalid_config` when Redis does not answer. */
export async function openRedisBus(options: { url: string; log: Log; limits?: Partial<BusLimits> }): Promise<StreamBus> {
  const limits = { ...DEFAULT_BUS_LIMITS, ...options.limits };
  const commands = connect(options.url, options.log, "commands");
  const listener = connect(options.url, options.log, "listener");
  try {
    await Promise.all([commands.connect(), listener.connect()]);
  } catch (cause) {
    commands.disconnect();
    listener.disconnect();
    throw new AppError("invalid_config", `Redis does not answer (REDIS_URL): ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  return new LogStreamBus(new RedisFrameLog(commands, listener, limits), options.log, limits).open();
}

function connect(url: string, log: Log, name: string): Redis {
  const client = new Redis(url, {
    lazyConnect: true,
    connectionName: `slipway-${name}`,
    connectTimeout: 5_000,
    // a command that waits for Redis to come back fails after a few tries, and the bus tries again in its own time
    maxRetriesPerRequest: 3,
    retryStrategy: (times) => Math.min(50 * 2 ** times, 2_000),
  });
  client.on("error", (error: Error) => log.warn({ err: error, client: name }, "Redis"));
  return client;
}

class RedisFrameLog implements FrameLog {
  readonly #commands: Redis;
  readonly #listener: Redis;
  readonly #limits: BusLimits;
  readonly #name = randomUUID().slice(0, 8);

  constructor(commands: Redis, listener: Redis, limits: BusLimits) {
    this.#commands = commands;
    this.#listener = listener;
    this.#limits = limits;
  }

  async append(batch: readonly RunFrames[]): Promise<void> {
    const pipeline = this.#commands.pipeline();
    for (const { runId, frames } of batch) {
      for (const frame of frames) pipeline.xadd(keyOf(runId), "MAXLEN", "~", this.#limits.frames, `1-${frame.id}`, "event", frame.event, "data", frame.data);
      const ended = frames.some((frame) => frame.event === END_EVENT);
      pipeline.expire(keyOf(runId), ended ? Math.ceil(this.#limits.keepMs / 1_000) : ABANDONED_SECONDS);
      pipeline.publish(HINTS, `${this.#name} ${runId}`);
    }
    const results = (await pipeline.exec()) ?? [];
    // a frame that is there already (a batch that is tried again) is refused by its number
    const failed = results.find(([error]) => error !== null && !error.message.includes("equal or smaller"));
    if (failed?.[0]) throw failed[0];
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

  async forget(runId: string): Promise<void> {
    await this.#commands.del(keyOf(runId));
  }

  async listen(onHint: (runId: string | null) => void): Promise<void> {
    this.#listener.on("message", (_channel: string, message: string) => {
      const [publisher, runId] = message.split(" ");
      if (publisher !== this.#name && runId !== undefined) onHint(runId);
    });
    this.#listener.on("ready", () => onHint(null));
    await this.#listener.subscribe(HINTS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.disconnect();
    this.#commands.disconnect();
  }
}

function keyOf(runId: string): string {
  return `slipway:stream:${runId}`;
}

function frameOf(id: string, fields: string[]): StreamFrame {
  const named = new Map<string, string>();
  for (let index = 0; index + 1 < fields.length; index += 2) named.set(fields[index] ?? "", fields[index + 1] ?? "");
  return { id: id.slice(id.indexOf("-") + 1), event: named.get("event") ?? "", data: named.get("data") ?? "null" };
}
