// The settings of a KMS outside of the service.

import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { isFipsForced } from '../../crypto/fips-process.ts';
import { RemoteKms } from '../../kms/remote/remote-kms.ts';
import { type RemoteKmsAddress, RemoteKmsClient } from '../../kms/remote/remote-kms-client.ts';
import { ServerError } from '../errors.ts';
import { readAuthorities } from '../sign-in/small-file.ts';

/** The options of `waxwing serve`, under the names that the argument parser gives them. */
export interface RemoteKmsOptions {
  readonly remoteKmsRegion?: string;
  readonly remoteKmsPrincipal?: string;
  readonly remoteKmsEndpoint?: string;
  readonly remoteKmsCaFile?: string;
  readonly remoteKmsProfile?: string;
  readonly remoteKmsGraceSeconds: number;
}

/** A KMS outside of the service, and what this service is there. */
export interface RemoteKmsSettings extends RemoteKmsAddress {
  /** The ARN of the user or role whose credentials this service has. */
  readonly principal: string;
  /** Seconds for which running brokers continue without that KMS; 0 for any time. */
  readonly graceSeconds: number;
}

/** Maximum of `--remote-kms-grace-seconds`: a year. */
const graceSecondsMax = 31_536_000;

/**
 * Reads the settings. Credentials are not among them: AWS's SDK finds them when it needs them.
 *
 * @returns undefined if no KMS outside is configured
 * @throws {ServerError} `setting-invalid`
 */
export async function remoteKmsSettings(
  options: RemoteKmsOptions,
): Promise<RemoteKmsSettings | undefined> {
  const { remoteKmsRegion: region, remoteKmsPrincipal: principal } = options;
  const { remoteKmsEndpoint: endpoint, remoteKmsCaFile: caFile } = options;
  const { remoteKmsProfile: profile, remoteKmsGraceSeconds: graceSeconds } = options;
  if (region === undefined) return undefined;
  if (!/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/.test(region)) {
    throw invalid(`--remote-kms-region is '${region}'; expected a name like eu-central-1`);
  }
  if (!/^arn:aws(-[a-z]+)*:iam::\d{12}:(user|role)\/[\w+=,.@/-]{1,512}$/.test(principal ?? '')) {
    const allowed = 'the ARN of the IAM user or role whose credentials the service has';
    throw invalid(`--remote-kms-principal is '${principal ?? ''}'; expected ${allowed}`);
  }
  if (endpoint !== undefined && !/^https:\/\/[^/?#@\s]{1,253}\/?$/.test(endpoint)) {
    throw invalid('--remote-kms-endpoint: expected https://HOST[:PORT]');
  }
  if (graceSeconds > graceSecondsMax) {
    const allowed = `a whole number from 0 to ${graceSecondsMax}`;
    throw invalid(`--remote-kms-grace-seconds is '${graceSeconds}'; expected ${allowed}`);
  }
  const authorities =
    caFile === undefined ? undefined : await readAuthorities('--remote-kms-ca-file', caFile);
  const address = { region, endpoint, authorities, profile, isFips: isFipsForced() };
  return { ...address, principal: principal ?? '', graceSeconds };
}

function invalid(text: string): ServerError {
  return new ServerError('setting-invalid', text);
}

/** Composes the client of a KMS outside. Nothing is called or loaded yet. */
export function remoteKms(settings: RemoteKmsSettings): RemoteKms {
  return new RemoteKms({
    client: new RemoteKmsClient(settings),
    region: settings.region,
    principal: settings.principal,
    clock: systemClock,
    random: systemRandom,
  });
}
