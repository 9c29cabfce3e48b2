// The command `waxwing drill`.

import type { AccessOptions } from '../access/access.ts';
import { CliError } from '../errors.ts';

/** The options of `waxwing drill`. */
export interface DrillOptions extends AccessOptions {
  /** Whether to run all drills. */
  readonly all: boolean;
  /** The file for the report; its ending selects the format. */
  readonly report?: string;
  /** Whether the running service records the results in its trail. */
  readonly record: boolean;
}

/**
 * Runs drills on throw-away services, or lists them.
 *
 * @throws {CliError} `clients-missing`, `drill-unknown`, `drill-failed`, `report-invalid`, `profile-invalid`,
 *   `call-failed`
 * @throws {ServerError} `not-running`
 */
export async function drill(names: readonly string[], options: DrillOptions): Promise<void> {
  // A signal ends the process as `process.exit` does, which ends the services that it started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => process.exit(130));
  const { runDrills } = await import('./run-drills.ts').catch((cause: NodeJS.ErrnoException) => {
    // The first is of modules, the second of the script into which `tools/bundle.mjs` bundles this.
    if (cause.code !== 'ERR_MODULE_NOT_FOUND' && cause.code !== 'MODULE_NOT_FOUND') throw cause;
    const text =
      "drills use clients that are development dependencies: run 'npm install' in a checkout, " +
      "and 'bin/waxwing.mjs drill' there";
    throw new CliError('clients-missing', text, { cause });
  });
  await runDrills(names, options);
}
