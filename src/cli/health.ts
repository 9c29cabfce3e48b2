// The command `waxwing health`.

import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join, resolve } from 'node:path';
import { CliError } from './errors.ts';

/** The options of `waxwing health`, under the names that the argument parser gives them. */
export interface HealthOptions {
  readonly data: string;
  readonly apiPort: number;
}

/** Maximum time for the answer, milliseconds. */
const timeoutMs = 5000;

/**
 * Asks the service on this machine whether it is ready, without credentials and without an event in
 * the audit trail, so that a container or a service manager may ask often.
 *
 * @throws {CliError} `call-failed` if it is not ready or does not answer
 */
export async function health({ data, apiPort }: HealthOptions): Promise<void> {
  const file = join(resolve(data), 'api-ca.pem');
  const ca = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new CliError('call-failed', `${file} cannot be read: ${cause.message}`, { cause });
  });
  const url = `https://localhost:${apiPort}/health/ready`;
  const status = await statusOf(url, ca).catch((cause: Error) => {
    throw new CliError('call-failed', `${url} did not answer: ${cause.message}`, { cause });
  });
  if (status !== 200) throw new CliError('call-failed', `${url} answered with status ${status}`);
  console.log('ready');
}

function statusOf(url: string, ca: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { ca, timeout: timeoutMs }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('timeout', () => sent.destroy(new Error(`no data for ${timeoutMs / 1000} seconds`)));
    sent.on('error', reject);
    sent.end();
  });
}
