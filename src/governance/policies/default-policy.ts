import type { ApprovalKind } from "#ports/approvals.ts";
import type { PolicyChoice, PolicyRule } from "#ports/policies.ts";

/** What holds for a kind of question where no rule says otherwise. Tools are asked about while a run waits; the rest may take days. */
export const EXPIRY_BY_KIND: Readonly<Record<ApprovalKind, { timeoutSeconds: number | null; maxRejections: number | null }>> = {
  tool: { timeoutSeconds: 300, maxRejections: 3 },
  plan: { timeoutSeconds: null, maxRejections: null },
  deploy: { timeoutSeconds: null, maxRejections: null },
  secret: { timeoutSeconds: null, maxRejections: null },
  budget: { timeoutSeconds: null, maxRejections: null },
  question: { timeoutSeconds: null, maxRejections: null },
  escalation: { timeoutSeconds: null, maxRejections: null },
};

const DESTRUCTIVE = ["*rm -r*", "*rm -f*", "*rm --recursive*", "*rm --force*", "*rmdir *", "*find * -delete*", "*mkfs*", "*dd if=*", "*dd of=*", "*shred *"];
const FORCED = [
  "*git push*--force*",
  "*git push* -f*",
  "*git reset --hard*",
  "*git clean*",
  "*chmod -R*",
  "*chown *",
  "*kill *",
  "*killall *",
  "*shutdown*",
  "*reboot*",
];
const DATABASE = ["*drop table*", "*DROP TABLE*", "*drop database*", "*DROP DATABASE*", "*truncate *", "*TRUNCATE *"];
const NETWORK = ["*curl *", "*wget *", "*ssh *", "*scp *", "*rsync *", "*nc *", "*ncat *", "*telnet *", "*ftp *"];
const AS_ROOT = ["*sudo *", "su *", "*| sh*", "*| bash*", "*|sh*", "*|bash*"];

function builtin(name: string, position: number, rule: Omit<PolicyRule, "effect" | "authority">): PolicyChoice {
  return { id: `builtin:${name}`, name, position, builtin: true, rule: { ...rule, effect: "ask", authority: "owner" } };
}

/**
 * What Slipway itself holds dangerous. Everything that a graph asks is asked anyway; these keep a sweeping `allow` from answering it: what
 * they are about is only decided by a rule that is at least as specific.
 */
export const BUILTIN_POLICIES: readonly PolicyChoice[] = [
  builtin("destructive-commands", 0, {
    pattern: "tool:*:*",
    arguments: [{ path: ["command"], operator: "like", value: [...DESTRUCTIVE, ...FORCED, ...DATABASE] }],
    tool: "execute_command",
  }),
  builtin("commands-over-the-network", 1, {
    pattern: "tool:*:*",
    arguments: [{ path: ["command"], operator: "like", value: [...NETWORK, ...AS_ROOT] }],
    tool: "execute_command",
  }),
  builtin("other-addresses", 2, { pattern: "tool:*:*", arguments: [{ path: ["url"], operator: "exists" }] }),
  builtin("deploy", 3, { pattern: "deploy" }),
  builtin("secret", 4, { pattern: "secret" }),
  builtin("budget", 5, { pattern: "budget" }),
  builtin("escalation", 6, { pattern: "escalation" }),
  builtin("everything", 7, { pattern: "*" }),
];
