// Whether a command runs in FIPS mode.

import { isFipsForced } from '../../crypto/fips-process.ts';

const off = ['', '0', 'false', 'no'];

/**
 * Whether the command line or the variable WAXWING_FIPS asks for FIPS mode. The arguments of
 * `waxwing aws` are those of another program, so there only the variable counts.
 */
export function isFipsWanted(
  argv: readonly string[],
  { WAXWING_FIPS: variable }: NodeJS.ProcessEnv,
): boolean {
  if (variable !== undefined && !off.includes(variable)) return true;
  const [, , command, ...rest] = argv;
  return command !== 'aws' && rest.includes('--fips');
}

/** Whether the program has to be started again with the FIPS provider. */
export function needsFipsProcess(argv: readonly string[], environment: NodeJS.ProcessEnv): boolean {
  return isFipsWanted(argv, environment) && !isFipsForced();
}
