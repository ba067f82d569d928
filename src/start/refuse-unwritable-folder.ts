import { accessSync, constants } from "node:fs";
import { makeFolder } from "#db/make-folder.ts";
import { AppError } from "#errors";

/**
 * Our teams keep repositories, workspaces and releases in DATA_DIR, whatever database there is. Told at the start, and not in the middle of
 * a delivery.
 *
 * @throws AppError `invalid_config`
 */
export function refuseUnwritableFolder(dataDir: string): void {
  try {
    makeFolder(dataDir);
    accessSync(dataDir, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError(
      "invalid_config",
      `The teams may not write below ${dataDir} (${reason}). Give your user the folder, or point DATA_DIR to one that is writable.`,
      { cause },
    );
  }
}
