// The command `waxwing console`.

import { CliError } from '../errors.ts';
import { type AccessOptions, accessOf } from './access.ts';
import { callApi } from './call-api.ts';

/**
 * Prints the address of the web console with a code that signs in once. The command opens no browser:
 * the arguments of a program are visible to other users. The code is behind `#`, so that browsers do
 * not send it with the request for the page.
 *
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function printConsole(options: AccessOptions): Promise<void> {
  const access = await accessOf(options);
  const path = '/waxwing/v1/console-codes';
  const answer = await callApi(access, 'waxwing-administration', path, {});
  const { code, expiresAt } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof code !== 'string' || typeof expiresAt !== 'string') {
    throw new CliError('call-failed', 'the answer of the service has no code');
  }
  console.log(`${access.endpoint}/console/#code=${code}`);
  process.stderr.write(`Open this in a browser before ${expiresAt}. It signs in once.\n`);
}
