/**
 * Keys that a client may not set: two leading underscores mark how LangGraph and this server hand a run its internals. They are
 * removed wherever a client's keys would end in a run's `configurable` or context.
 */
export function withoutReservedKeys<T extends object>(record: T): T {
  // the same shape with fewer keys: every reader of these open records takes any subset
  return Object.fromEntries(Object.entries(record).filter(([key]) => !key.startsWith("__"))) as T;
}

/** The same for a config, in which `configurable` is such a record too. */
export function withoutReservedConfig<T extends { configurable?: unknown }>(config: T): T {
  const clean = withoutReservedKeys(config);
  const { configurable } = clean;
  return typeof configurable === "object" && configurable !== null ? { ...clean, configurable: withoutReservedKeys(configurable) } : clean;
}
