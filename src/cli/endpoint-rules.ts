// Tells AWS CLIs that ignore AWS_ENDPOINT_URL where single sign-on and the buckets of trails are.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemDisk } from '../storage/disk.ts';
import { onFile } from './system-error.ts';

/** The services that a sign-in calls without the command line's `--endpoint-url`. */
const services = ['sso-oidc', 'sso'];
const apiVersion = '2019-06-10';

/** The parameters that the CLI passes to the rules of every service. */
const parameters = {
  Region: { builtIn: 'AWS::Region', required: false, type: 'String', documentation: '' },
  UseDualStack: {
    builtIn: 'AWS::UseDualStack',
    required: true,
    default: false,
    type: 'Boolean',
    documentation: '',
  },
  UseFIPS: {
    builtIn: 'AWS::UseFIPS',
    required: true,
    default: false,
    type: 'Boolean',
    documentation: '',
  },
  Endpoint: { builtIn: 'SDK::Endpoint', required: false, type: 'String', documentation: '' },
};

/**
 * Writes endpoint rules for single sign-on and for the buckets of trails into a folder, which
 * `AWS_DATA_PATH` then names. The AWS CLI reads them in place of its own.
 *
 * @param url the address of the service
 */
export async function writeEndpointRules(folder: string, url: string): Promise<void> {
  const endpoint = { url, properties: {}, headers: {} };
  const rules = [{ conditions: [], endpoint, type: 'endpoint' }];
  const ofSignIn = { version: '1.0', parameters, rules };
  for (const service of services) await writeRules(join(folder, service, apiVersion), ofSignIn);
  await writeRules(join(folder, 's3', '2006-03-01'), bucketRules(url));
}

async function writeRules(place: string, rules: object): Promise<void> {
  await systemDisk.createFolder(place);
  const path = join(place, 'endpoint-rule-set-1.json');
  await onFile(path, writeFile(path, JSON.stringify(rules)));
}

/** The rules of Amazon S3: buckets are in the path. `validate-logs` reads the files of trails so. */
function bucketRules(url: string): object {
  const scheme = { signingName: 's3', signingRegion: '{Region}', disableDoubleEncoding: true };
  const properties = { authSchemes: [{ name: 'sigv4', ...scheme }] };
  const endpoint = (to: string) => ({ url: to, properties, headers: {} });
  const hasBucket = { fn: 'isSet', argv: [{ ref: 'Bucket' }] };
  const { Region, Endpoint } = parameters;
  const Bucket = { required: false, type: 'String', documentation: '' };
  return {
    version: '1.0',
    parameters: { Bucket, Region, Endpoint },
    rules: [
      { conditions: [hasBucket], endpoint: endpoint(`${url}/{Bucket}`), type: 'endpoint' },
      { conditions: [], endpoint: endpoint(url), type: 'endpoint' },
    ],
  };
}
