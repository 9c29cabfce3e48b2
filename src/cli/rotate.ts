// The command `waxwing rotate`.

import { type AccessOptions, accessOf } from './access/access.ts';
import { callApi } from './access/call-api.ts';
import { CliError } from './errors.ts';
import type { RotatedSecret } from './rotated-secrets.ts';

/** The options of `waxwing rotate`, under the names that the argument parser gives them. */
export interface RotateOptions extends AccessOptions {
  /** Seconds for which the present metrics token stays valid. */
  readonly overlap: number;
}

const paths: Readonly<Record<RotatedSecret, string>> = {
  'metrics-token': '/waxwing/v1/metrics-token/rotate',
  'default-broker-password': '/waxwing/v1/default-broker/password/rotate',
};

/**
 * Replaces a secret, prints the new one, and says when the old one ends.
 *
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function rotate(secret: RotatedSecret, options: RotateOptions): Promise<void> {
  const access = await accessOf(options);
  const input = secret === 'metrics-token' ? { overlapSeconds: options.overlap } : {};
  const answer = await callApi(access, 'waxwing-administration', paths[secret], input);
  const { token, password, previousEndsAt } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  const made = token ?? password;
  if (typeof made !== 'string' || typeof previousEndsAt !== 'string') {
    throw new CliError('call-failed', 'the answer of the service has no new secret');
  }
  console.log(made);
  process.stderr.write(`The old one is refused from ${previousEndsAt} on.\n`);
  if (secret === 'metrics-token') return;
  process.stderr.write('Connections that are open stay open. `waxwing env` prints the new URL.\n');
}
