/** Kind, action and target of `kind:action:target`. What is left out at the end is `*`; a target may hold colons itself. */
export function patternParts(pattern: string): [kind: string, action: string, target: string] {
  const [kind = "*", action = "*", ...target] = pattern.split(":");
  return [kind, action, target.length === 0 ? "*" : target.join(":")];
}
