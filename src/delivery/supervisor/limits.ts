export const DEFAULT_PROXY_PORT = 2080;
/** Ports tried after the default one. */
export const PORTS_TRIED = 100;
/** Longest time a request waits for an app that is being switched, restarted or rolled back. */
export const HOLD_MS = 30_000;
/** The supervisor's exit code when the proxy port that was asked for is taken. */
export const EXIT_PORT_TAKEN = 3;
/** A supervisor without a running app that nobody has spoken to for so long ends; whoever needs one starts one. */
export const IDLE_END_MS = 60_000;
