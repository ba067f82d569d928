/** A release that takes requests now. */
export interface Upstream {
  releaseId: string;
  port: number;
  /** Counts a request in; call what it returns exactly when it is over. */
  begin(): () => void;
  /** True once the release should finish what it has. */
  draining(): boolean;
  /** Tells the watch how a request ended: the answer's status, or null when the connection broke. */
  report(status: number | null): void;
  /** Registers a connection that stays open (WebSocket); it is cut when the release drains. Returns the unregistering. */
  hold(cut: () => void): () => void;
}

/** What a name leads to at this moment. */
export type Route =
  | { kind: "ready"; upstream: Upstream }
  /** Nothing to send to for the moment (a restart, a rollback): requests wait. */
  | { kind: "waiting"; words: string }
  | { kind: "down"; words: string }
  | { kind: "unknown" };

export interface RouteTable {
  resolve(slug: string): Route;
  /** Settles when the table changed, or after `timeoutMs`. */
  changed(timeoutMs: number): Promise<void>;
}

/** `polls` of `polls.localhost:2080`; null for any other host. */
export function slugOfHost(host: string | undefined): string | null {
  return /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.localhost\.?(?::\d{1,5})?$/i.exec(host ?? "")?.[1]?.toLowerCase() ?? null;
}
