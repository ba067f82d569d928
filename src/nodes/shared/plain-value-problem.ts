/**
 * Values of secrets never enter a state: the runtime stores them and hands on references. Where an answer still carries a value (a server
 * that does not know about secrets), it is thrown away here and the question stays.
 * @returns what is wrong, or null when every value is a reference (or there are none)
 */
export function plainValueProblem(args: Record<string, unknown> | null): string | null {
  const plain = Object.entries(args ?? {}).filter(([, value]) => typeof value !== "string" || !value.startsWith("secret://"));
  return plain.length === 0
    ? null
    : `The values of ${plain.map(([name]) => name).join(", ")} did not go through the secret store and were dropped. Answer through Slipway's own API.`;
}
