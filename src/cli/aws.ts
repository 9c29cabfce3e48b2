// The command `waxwing aws`.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { askEnvironment } from '../server/environment.ts';
import { variablesToUnset } from './env.ts';
import { CliError } from './errors.ts';

/**
 * Runs the installed AWS CLI against the service that is running on a data folder. The process
 * exits with the exit code of the AWS CLI.
 *
 * @throws {ServerError} `not-running`
 * @throws {CliError} `aws-cli-missing`
 */
export async function runAws(args: readonly string[], { data }: { readonly data: string }) {
  const environment = await askEnvironment(resolve(data));
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of variablesToUnset) delete env[name];
  Object.assign(env, environment);
  // AWS CLI 1 before 1.29 and 2 before 2.13 ignore AWS_ENDPOINT_URL.
  const endpoint = ['--endpoint-url', environment['AWS_ENDPOINT_URL'] ?? ''];
  const hasEndpoint = args.some((arg) => /^--endpoint-url(=|$)/.test(arg));
  const all = hasEndpoint ? args : [...endpoint, ...args];
  const models = args.includes('validate-logs')
    ? await writeModels(environment['AWS_ENDPOINT_URL'] ?? '')
    : undefined;
  try {
    if (models !== undefined) {
      env['AWS_DATA_PATH'] = [models, env['AWS_DATA_PATH']].filter(Boolean).join(delimiter);
    }
    process.exitCode = await run('aws', all, env);
  } finally {
    if (models !== undefined) await rm(models, { recursive: true, force: true });
  }
}

/**
 * Writes a model that leads older versions of the AWS CLI to the buckets of this service. Of
 * `validate-logs`, these versions use the endpoint only for CloudTrail, and not for Amazon S3.
 *
 * @returns the folder, for `AWS_DATA_PATH`
 */
async function writeModels(url: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-aws-'));
  const model = join(folder, 's3', '2006-03-01');
  await mkdir(model, { recursive: true });
  const text = JSON.stringify(bucketEndpoints(url));
  await writeFile(join(model, 'endpoint-rule-set-1.json'), text);
  return folder;
}

/** Rules for endpoints in the format of botocore. */
function bucketEndpoints(url: string): object {
  const scheme = { signingName: 's3', signingRegion: '{Region}', disableDoubleEncoding: true };
  const properties = { authSchemes: [{ name: 'sigv4', ...scheme }] };
  const endpoint = (to: string) => ({ url: to, properties, headers: {} });
  const hasBucket = { fn: 'isSet', argv: [{ ref: 'Bucket' }] };
  const text = { required: false, type: 'String', documentation: '' };
  return {
    version: '1.0',
    parameters: {
      Bucket: text,
      Region: { ...text, builtIn: 'AWS::Region' },
      Endpoint: { ...text, builtIn: 'SDK::Endpoint' },
    },
    rules: [
      { conditions: [hasBucket], endpoint: endpoint(`${url}/{Bucket}`), type: 'endpoint' },
      { conditions: [], endpoint: endpoint(url), type: 'endpoint' },
    ],
  };
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
