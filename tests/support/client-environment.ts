// The environment of external AWS clients.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credentials } from './callers.ts';
import { region } from './control-plane.ts';

/** What external clients need of a control plane or a service in {@link region}. */
export interface CalledService {
  readonly endpoint: { readonly url: string; readonly ca: string };
  /** Those of the root user. */
  readonly credentials: Credentials;
}

/** Folders that are removed when the tests end. */
const left = new Set<string>();
process.once('exit', () => {
  for (const folder of left) rmSync(folder, { recursive: true });
});

/**
 * The environment with which external AWS clients call a control plane.
 *
 * @param credentials those of the root user by default
 */
export function clientEnvironment(
  plane: CalledService,
  credentials: Credentials = plane.credentials,
): NodeJS.ProcessEnv {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-client-'));
  left.add(folder);
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, plane.endpoint.ca);
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return {
    PATH: process.env['PATH'],
    // No other settings are used.
    HOME: folder,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_CA_BUNDLE: caFile,
    AWS_MAX_ATTEMPTS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    ...(process.env['PYENV_ROOT'] && { PYENV_ROOT: process.env['PYENV_ROOT'] }),
  };
}
