// The command `waxwing env`.

import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import { askEnvironment, type Environment, environmentNames } from '../server/environment.ts';
import { ServerError } from '../server/errors.ts';

/** The options of `waxwing env`, under the names that the argument parser gives them. */
export interface EnvOptions {
  readonly data: string;
  /** Whether to print JSON instead of shell exports. */
  readonly json: boolean;
  /** Seconds to wait for a service that does not answer yet. */
  readonly wait: number;
}

/**
 * Variables that would make AWS clients use other credentials or another endpoint, or ignore the
 * endpoint. They take precedence over the exported variables.
 */
export const variablesToUnset = [
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_ENDPOINT_URL_MQ',
  'AWS_ENDPOINT_URL_KMS',
  'AWS_ENDPOINT_URL_CLOUDTRAIL',
  'AWS_ENDPOINT_URL_STS',
  'AWS_ENDPOINT_URL_IAM',
  'AWS_ENDPOINT_URL_SSO',
  'AWS_ENDPOINT_URL_SSO_OIDC',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT',
] as const;

const retryMs = 100;

/**
 * Prints the environment of a client as shell commands or as a JSON object.
 *
 * @throws {ServerError} `not-running` if no service answers in time; `not-private`,
 *   `answer-invalid`
 */
export async function printEnvironment({ data, json, wait }: EnvOptions): Promise<void> {
  const environment = await waitFor(resolve(data), wait);
  if (json) {
    console.log(JSON.stringify(environment, null, 2));
    return;
  }
  for (const line of shellLines(environment)) console.log(line);
}

/**
 * Formats the environment for a POSIX shell: known names only, quoted values, and `unset` for
 * variables that would take precedence.
 */
export function shellLines(environment: Environment): string[] {
  const absent = environmentNames.filter((name) => environment[name] === undefined);
  const lines = [...variablesToUnset, ...absent].map((name) => `unset ${name}`);
  for (const name of environmentNames) {
    const value = environment[name];
    if (value !== undefined) lines.push(`export ${name}=${quoted(value)}`);
  }
  return lines;
}

/** Quotes a value for a POSIX shell. Inside single quotes, only the single quote is special. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

async function waitFor(folder: string, waitSeconds: number): Promise<Environment> {
  const untilMs = systemClock.monotonicMs() + waitSeconds * 1000;
  for (;;) {
    try {
      return await askEnvironment(folder);
    } catch (error) {
      const isEarly = error instanceof ServerError && error.code === 'not-running';
      if (!isEarly || systemClock.monotonicMs() >= untilMs) throw error;
    }
    await sleep(retryMs);
  }
}
