import { InvalidArgumentError } from "commander";
import { Account } from "#protocol/identity.ts";

/** Reads the name of a user from the command line. */
export function account(name: string): string {
  const read = Account.safeParse(name);
  if (!read.success) throw new InvalidArgumentError(`nobody can be called so: ${read.error.issues[0]?.message ?? ""}`);
  return read.data;
}
