// The command `waxwing env`.

import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import {
  askService,
  type Environment,
  type EnvironmentAnswer,
  environmentNames,
} from '../server/environment.ts';
import { ServerError } from '../server/errors.ts';
import { accessOf } from './access/access.ts';

/** The options of `waxwing env`, under the names that the argument parser gives them. */
export interface EnvOptions {
  readonly data: string;
  /** Whether to print JSON instead of shell exports. */
  readonly json: boolean;
  /** Seconds to wait for a service that does not answer yet. */
  readonly wait: number;
  /** The profile whose credentials to print; undefined for the root user. */
  readonly profile?: string | undefined;
}

/** The variables for a client, which may have temporary credentials. */
export type ClientEnvironment = Environment & { readonly AWS_SESSION_TOKEN?: string };

const clientNames = [...environmentNames, 'AWS_SESSION_TOKEN'] as const;

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
 * Prints the environment of a client as shell commands or as a JSON object: with the access key of
 * the root user, or with the credentials of a profile of the AWS CLI. The warning about the root user
 * goes to standard error, because a shell executes standard output.
 *
 * @throws {ServerError} `not-running` if no service answers in time; `not-private`,
 *   `answer-invalid`
 * @throws {CliError} `profile-invalid`, `call-failed`, `input-ended`
 */
export async function printEnvironment(options: EnvOptions): Promise<void> {
  const { data, json, wait, profile } = options;
  const { environment, warning } =
    profile === undefined
      ? await waitFor(resolve(data), wait)
      : { environment: await environmentOf(profile, data), warning: undefined };
  if (warning !== undefined) printRootWarning(warning);
  if (json) {
    console.log(JSON.stringify(environment, null, 2));
    return;
  }
  for (const line of shellLines(environment)) console.log(line);
}

/** Warns about the root user's access key, on standard error. */
export function printRootWarning(warning: string): void {
  process.stderr.write(`waxwing: warning: ${warning}\n`);
  process.stderr.write("waxwing: 'waxwing env --profile NAME' prints those of a profile.\n");
}

/**
 * The environment with the credentials of a profile. It has neither the token for the metrics nor the
 * password of the default broker, which belong to those who may open the data folder.
 */
async function environmentOf(profile: string, data: string): Promise<ClientEnvironment> {
  const access = await accessOf({ data, profile });
  const { endpoint, region, authorityFile, accessKeyId, secretAccessKey, sessionToken } = access;
  const environment = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_CA_BUNDLE: authorityFile,
    NODE_EXTRA_CA_CERTS: authorityFile,
  };
  return environment;
}

/**
 * Formats the environment for a POSIX shell: known names only, quoted values, and `unset` for
 * variables that would take precedence.
 */
export function shellLines(environment: ClientEnvironment): string[] {
  const absent = environmentNames.filter((name) => environment[name] === undefined);
  const lines = [...variablesToUnset, ...absent].map((name) => `unset ${name}`);
  for (const name of clientNames) {
    const value = environment[name];
    if (value !== undefined) lines.push(`export ${name}=${quoted(value)}`);
  }
  return lines;
}

/** Quotes a value for a POSIX shell. Inside single quotes, only the single quote is special. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

async function waitFor(folder: string, waitSeconds: number): Promise<EnvironmentAnswer> {
  const untilMs = systemClock.monotonicMs() + waitSeconds * 1000;
  for (;;) {
    try {
      return await askService(folder);
    } catch (error) {
      const isEarly = error instanceof ServerError && error.code === 'not-running';
      if (!isEarly || systemClock.monotonicMs() >= untilMs) throw error;
    }
    await sleep(retryMs);
  }
}
