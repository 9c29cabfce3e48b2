import { resolve } from 'node:path';
import { askEnvironment, type Environment, environmentNames } from '../server/environment.ts';

/**
 * Variables by which AWS's clients would use other credentials, another endpoint, or refuse the one
 * given: they come before what is exported, or are added to it.
 */
const overriding = [
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_ENDPOINT_URL_MQ',
  'AWS_ENDPOINT_URL_KMS',
  'AWS_ENDPOINT_URL_CLOUDTRAIL',
  'AWS_ENDPOINT_URL_STS',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT',
] as const;

/** Prints what a client needs, as lines that a shell understands. */
export async function printEnvironment({ data }: { readonly data: string }): Promise<void> {
  for (const line of shellLines(await askEnvironment(resolve(data)))) console.log(line);
}

/**
 * The environment as a POSIX shell takes it over: known names alone, each value quoted, and nothing
 * left of an earlier environment that would count more.
 */
export function shellLines(environment: Environment): string[] {
  const absent = environmentNames.filter((name) => environment[name] === undefined);
  const lines = [...overriding, ...absent].map((name) => `unset ${name}`);
  for (const name of environmentNames) {
    const value = environment[name];
    if (value !== undefined) lines.push(`export ${name}=${quoted(value)}`);
  }
  return lines;
}

/** In single quotes, inside of which a shell takes nothing but the quote itself for its own. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
