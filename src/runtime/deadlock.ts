/** Two transactions met in the middle (two decisions on the two sides of a mirror, say); PostgreSQL undid this one whole, so it may be tried again. */
export function isDeadlock(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "40P01";
}
