// The command `waxwing serve`.

import { join, relative, resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { keepCompiledCode } from '../base/compiled-code.ts';
import { type LogLevel, openServiceLog } from '../base/log.ts';
import { packageFolder } from '../base/package-folder.ts';
import type { PortRange } from '../base/port-range.ts';
import { keepHeapSmall, protectFiles, protectMemory } from '../base/process.ts';
import { enforceFips } from '../crypto/fips.ts';
import { isFipsForced } from '../crypto/fips-process.ts';
import { ServerError } from '../server/errors.ts';
import { type RemoteKmsOptions, remoteKmsSettings } from '../server/keys/remote-kms.ts';
import { rootKeySource } from '../server/root-key/source.ts';
import { readPersonNames } from '../server/sensitive-names/person-names-file.ts';
import { type BrokerView, Service } from '../server/service.ts';
import type { AnchorType, SensitiveNamesMode, Settings } from '../server/settings.ts';
import { type SignInOptions, signInSettings } from '../server/sign-in/sign-in-settings.ts';
import { authoritiesFile, readAuthorities, readableFolder } from '../server/sign-in/small-file.ts';
import { type S3BucketOptions, s3BucketSettings } from '../server/trails/s3-bucket-settings.ts';
import { stopWithStarter } from './fips/starter.ts';
import { type PublicOptions, publicAccess } from './options/public-settings.ts';
import { version } from './version.ts';

/** Maximum number of failed brokers listed at the start. */
const brokerLinesMax = 10;

/** The options of `waxwing serve`, under the names that the argument parser gives them. */
export interface ServeOptions
  extends SignInOptions,
    RemoteKmsOptions,
    S3BucketOptions,
    PublicOptions {
  readonly data: string;
  readonly host: string;
  readonly publicHost?: readonly string[];
  readonly apiPort: number;
  readonly amqpsPort: number;
  readonly brokerPorts?: PortRange;
  readonly region?: string;
  readonly accountId?: string;
  readonly defaultBroker: boolean;
  readonly tlsParity: boolean;
  readonly instanceLimits: boolean;
  readonly ldapPort: number;
  readonly ldapCaFile?: string;
  readonly shovelCaFile?: string;
  readonly oidcCaFile?: string;
  readonly arnFolder?: string;
  readonly keyCheckSeconds: number;
  readonly keyEffectDelay: number;
  readonly memoryLimitMib?: number;
  readonly diskReserveMib: number;
  readonly recordFailedLogins: boolean;
  readonly trailFileSeconds: number;
  readonly trailDigestSeconds: number;
  readonly lookupEventsPerSecond: number;
  readonly auditAnchor?: string;
  readonly auditAnchorType: AnchorType;
  readonly auditAnchorCaFile?: string;
  readonly sensitiveNames: SensitiveNamesMode;
  readonly personNames?: string;
  readonly discardBrokerLogs: boolean;
  readonly hostsPort?: number;
  readonly nodeAddress?: string;
  readonly zone?: string;
  readonly hostLeaseSeconds: number;
  readonly replaceLostHostsAfter: number;
  readonly logLevel: LogLevel;
}

/** Runs the service until a signal stops it. */
export async function serve(options: ServeOptions): Promise<void> {
  protectMemory();
  protectFiles();
  // The service continues if nobody reads its output, or the output's disk is full.
  process.stdout.on('error', () => {});
  const log = openServiceLog(options.logLevel);
  const settings = await settingsOf(options);
  const failed = (error: Error) => {
    log.error({ err: error }, 'the service cannot continue');
    process.exit(1);
  };
  const service = await Service.open(settings, log, failed);
  keepCompiledCode(); // a start with existing brokers has kept what it needs until the first one listens
  keepHeapSmall();
  stopOnSignal(service, failed);
  // Without such files, the signal ends the service, as when its terminal is closed.
  if (settings.publicAccess.certificateFiles !== undefined) {
    process.on('SIGHUP', () => service.reloadCertificates());
  }
  console.log(greeting(service));
}

/** @throws {ServerError} `setting-invalid` */
async function settingsOf(options: ServeOptions): Promise<Settings> {
  const { personNames, oidcCaFile, shovelCaFile, ldapCaFile, arnFolder, auditAnchorCaFile } =
    options;
  return {
    folder: resolve(options.data),
    host: options.host,
    publicHosts: options.publicHost ?? [],
    publicAccess: await publicAccess(options),
    apiPort: options.apiPort,
    amqpsPort: options.amqpsPort,
    brokerPorts: options.brokerPorts,
    region: options.region,
    accountId: options.accountId,
    hasDefaultBroker: options.defaultBroker,
    hasTlsParity: options.tlsParity,
    hasInstanceLimits: options.instanceLimits,
    isFips: isFipsForced(),
    ldapPort: options.ldapPort,
    ldapCaFile: ldapCaFile && (await authoritiesFile('--ldap-ca-file', ldapCaFile)),
    shovelAuthorities: shovelCaFile && (await readAuthorities('--shovel-ca-file', shovelCaFile)),
    arnFolder: arnFolder && (await readableFolder('--arn-folder', arnFolder)),
    oidcAuthorities:
      oidcCaFile === undefined ? undefined : await readAuthorities('--oidc-ca-file', oidcCaFile),
    signIn: await signInSettings(options),
    hosts: hostsSettings(options),
    zone: options.zone,
    remoteKms: await remoteKmsSettings(options),
    keyCheckSeconds: options.keyCheckSeconds,
    keyEffectDelaySeconds: options.keyEffectDelay,
    memoryLimitMib: options.memoryLimitMib,
    diskReserveMib: options.diskReserveMib,
    recordsFailedLogins: options.recordFailedLogins,
    trailFileSeconds: options.trailFileSeconds,
    trailDigestSeconds: options.trailDigestSeconds,
    lookupsPerSecondMax: options.lookupEventsPerSecond,
    trailBuckets: await s3BucketSettings(options),
    auditAnchor: options.auditAnchor,
    auditAnchorType: options.auditAnchorType,
    auditAnchorCaFile:
      auditAnchorCaFile && (await authoritiesFile('--audit-anchor-ca-file', auditAnchorCaFile)),
    sensitiveNames: options.sensitiveNames,
    personNames: personNames === undefined ? [] : await readPersonNames(personNames),
    discardsBrokerLogs: options.discardBrokerLogs,
    logLevel: options.logLevel,
    rootKey: rootKeySource(process.env),
  };
}

/** @throws {ServerError} `setting-invalid` */
function hostsSettings(options: ServeOptions): Settings['hosts'] {
  const { hostsPort: port, nodeAddress: address, hostLeaseSeconds: leaseSeconds } = options;
  const replaceAfterSeconds = options.replaceLostHostsAfter;
  if (port === undefined && address === undefined) return undefined;
  if (port !== undefined && address !== undefined) {
    return { port, address, leaseSeconds, replaceAfterSeconds };
  }
  const [set, missing] =
    port === undefined ? ['--node-address', '--hosts-port'] : ['--hosts-port', '--node-address'];
  throw new ServerError('setting-invalid', `${set} is set without ${missing}; hosts need both`);
}

/**
 * Signals within this time after the first one count as the same request. A terminal sends Ctrl-C
 * to every process of the group, and npm forwards its own.
 */
const sameRequestMs = 1000;

/**
 * The first signal stops the service cleanly. A second one, more than a second later, stops it at
 * once.
 */
function stopOnSignal(service: Service, failed: (error: Error) => void): void {
  let stoppingSinceMs: number | undefined;
  const stop = () => {
    const nowMs = systemClock.monotonicMs();
    if (stoppingSinceMs !== undefined) {
      if (nowMs - stoppingSinceMs > sameRequestMs) process.exit(1);
      return;
    }
    stoppingSinceMs = nowMs;
    console.log('Stopping…');
    service.close('the service is stopping').then(() => {
      console.log('Stopped.');
      process.exit(0);
    }, failed);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  stopWithStarter(stop);
}

function brokerLine({ name, state, url, problem }: BrokerView): string {
  const how = state === 'RUNNING' ? (url ?? '') : `${state}${problem ? `: ${problem}` : ''}`;
  return `  broker '${name}'   ${how}`;
}

function greeting(service: Service): string {
  const { accountId, region, apiUrl, defaultBroker, settings, rootKeyFile } = service;
  const data = shownPath(settings.folder);
  const lines = [
    `Waxwing ${version()} runs on ${data} (account ${accountId}, ${region}); Ctrl-C stops it.`,
    `  API                ${apiUrl}`,
  ];
  if (defaultBroker) lines.push(brokerLine(defaultBroker));
  if (settings.isFips) lines.push(`  FIPS provider      ${enforceFips().join(', ')}`);
  const { otherBrokersDown } = service;
  lines.push(...otherBrokersDown.slice(0, brokerLinesMax).map(brokerLine));
  const moreCount = otherBrokersDown.length - brokerLinesMax;
  if (moreCount > 0) lines.push(`  and ${moreCount} more brokers that cannot run; see the log`);
  const forData = data === 'waxwing-data' ? '' : ` --data ${quoted(data)}`;
  const command = quoted(shownPath(join(packageFolder, 'bin', 'waxwing.mjs')));
  lines.push(
    'Try next, in another terminal:',
    `  eval "$(${command} env${forData})"   # sets AWS_* and WAXWING_AMQP_URL`,
    '  aws mq list-brokers',
  );
  if (rootKeyFile !== undefined) {
    lines.push(
      `The root key is a file, ${rootKeyFile}:`,
      'it protects copies of the data folder, but not a stolen disk that holds both. Keep a copy',
      'of it elsewhere. `waxwing root-key change` moves it to a passphrase, a TPM, an HSM or a KMS.',
    );
  }
  return lines.join('\n');
}

/**
 * A path relative to the current folder, or the absolute path if that is shorter. Services that systemd or a
 * container starts are in the root folder, where nobody works.
 */
function shownPath(folder: string): string {
  const way = relative('', folder) || '.';
  return way.startsWith('..') || process.cwd() === '/' ? folder : way;
}

/** Quotes a path for use inside double quotes in a shell command. */
function quoted(path: string): string {
  return /^[\w./+-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
