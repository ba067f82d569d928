import { AppError, isAppError } from "#errors";

/** What PostgreSQL or the system said, and what the person can do about it. First match wins. */
const KNOWN: readonly { sign: RegExp; explain: (place: string) => AppError }[] = [
  {
    sign: /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/i,
    explain: (place) =>
      new AppError("disk_full", `The disk of ${place} is full, so the embedded PostgreSQL cannot start. Free some space and start again; nothing was lost.`),
  },
  {
    sign: /database files are incompatible with server/i,
    explain: (place) =>
      new AppError("invalid_config", `${place} was written by another version of PostgreSQL. Use the Slipway version that made it, or another DATA_DIR.`),
  },
  {
    // Node answers ENOENT when it may not make a folder on a read-only file system
    sign: /ENOENT.*mkdir|EACCES|EPERM|EROFS|Permission denied|Operation not permitted|Read-only file system|has wrong ownership|has invalid permissions/i,
    explain: (place) =>
      new AppError(
        "invalid_config",
        `The embedded PostgreSQL may not write below ${place}. Give your user the folder, or point DATA_DIR to one that is writable.`,
      ),
  },
  {
    sign: /ENOTDIR|EEXIST|Not a directory/i,
    explain: (place) => new AppError("invalid_config", `${place} is needed as a directory and something else stands there. Point DATA_DIR elsewhere.`),
  },
  {
    // first the codes of a server that did start: its database is not there, a file cannot be read, what is in it makes no sense
    sign: /^(?:3D|58|XX)\w{3} |could not locate (a valid|required) checkpoint record|invalid (primary )?checkpoint|checksum mismatch|invalid page|could not (open|read|access) (file|directory|configuration file)|is not a valid data directory|incorrect checksum in control file|is corrupt|PANIC/i,
    explain: (place) =>
      new AppError(
        "database_unavailable",
        `The embedded PostgreSQL's files in ${place}/data are damaged, so it does not start. Restore the folder from a backup, or move it away to begin anew. ${place}/server.log has its words.`,
      ),
  },
];

/** Turns what stopped the start into an AppError with a next step; `place` is a path that the person knows. */
export function explainStart(cause: unknown, place: string): AppError {
  if (isAppError(cause)) return cause;
  const words = wordsOf(cause);
  const known = KNOWN.find(({ sign }) => sign.test(words));
  if (known) {
    const error = known.explain(place);
    return new AppError(error.code, error.message, { cause });
  }
  const last = words.trim().split("\n").slice(-3).join(" ");
  return new AppError("database_unavailable", `The embedded PostgreSQL does not start: ${last}`, { cause });
}

function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const stderr = "stderr" in cause ? String(cause.stderr) : "";
  const code = "code" in cause ? String(cause.code) : "";
  return `${code} ${cause.message}\n${stderr}`;
}
