// Tells AWS CLIs that ignore AWS_ENDPOINT_URL where single sign-on is.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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
 * Writes endpoint rules for single sign-on into a folder, which `AWS_DATA_PATH` then names. The AWS CLI
 * reads them in place of its own.
 *
 * @param url the address of the service
 */
export async function writeEndpointRules(folder: string, url: string): Promise<void> {
  const endpoint = { url, properties: {}, headers: {} };
  const rules = [{ conditions: [], endpoint, type: 'endpoint' }];
  const text = JSON.stringify({ version: '1.0', parameters, rules });
  for (const service of services) {
    const place = join(folder, service, apiVersion);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'endpoint-rule-set-1.json'), text);
  }
}
