// The command `waxwing aws`.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { askService } from '../server/environment.ts';
import { writeEndpointRules } from './endpoint-rules.ts';
import { printRootWarning, variablesToUnset } from './env.ts';
import { CliError } from './errors.ts';

/**
 * Runs the installed AWS CLI against the service that is running on a data folder. The process
 * exits with the exit code of the AWS CLI.
 *
 * @throws {ServerError} `not-running`
 * @throws {CliError} `aws-cli-missing`
 */
export async function runAws(args: readonly string[], { data }: { readonly data: string }) {
  const { environment, warning } = await askService(resolve(data));
  // The option of the AWS CLI takes precedence over the variables with the root user's key.
  const hasProfile = args.some((arg) => /^--profile(=|$)/.test(arg));
  if (warning !== undefined && !hasProfile) printRootWarning(warning);
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of variablesToUnset) delete env[name];
  Object.assign(env, environment);
  // AWS CLI 1 before 1.29 and 2 before 2.13 ignore AWS_ENDPOINT_URL.
  const endpoint = ['--endpoint-url', environment['AWS_ENDPOINT_URL'] ?? ''];
  const hasEndpoint = args.some((arg) => /^--endpoint-url(=|$)/.test(arg));
  const all = hasEndpoint ? args : [...endpoint, ...args];
  // Only a sign-in and profiles with one call services that no option of the CLI names.
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-aws-'));
  try {
    await writeEndpointRules(folder, environment['AWS_ENDPOINT_URL'] ?? '');
    env['AWS_DATA_PATH'] = [folder, ...(env['AWS_DATA_PATH'] ?? '').split(delimiter)]
      .filter((each) => each !== '')
      .join(delimiter);
    process.exitCode = await run('aws', all, env);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(command, args, { env, stdio: 'inherit' });
  // The terminal sends Ctrl-C to the child too, and its exit code tells the outcome.
  process.on('SIGINT', () => {});
  return new Promise((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ENOENT') return reject(cause);
      const text = "the AWS CLI is not installed: there is no program 'aws' on the PATH";
      reject(new CliError('aws-cli-missing', text, { cause }));
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
}
