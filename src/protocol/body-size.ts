/** Bytes that a server can be told to take at most in one request; whole bodies are held in memory, several times over while they are read. */
export const MAX_BODY_BYTES = 1024 ** 3;
/** Less, and nobody can say anything. */
export const MIN_BODY_BYTES = 1024;
export const DEFAULT_BODY_BYTES = 10 * 1024 ** 2;
