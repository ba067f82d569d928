import type { DevopsState } from "#graphs/devops/state.ts";

/** The question, under the reason why it is asked again. */
export function withNotice({ notice, description }: Pick<DevopsState, "notice" | "description">): string {
  return notice === null ? description : `**${notice}**\n\n${description}`;
}
