// The settings of the service.

import { isIPv4 } from 'node:net';
import type { LogLevel } from '../base/log.ts';
import type { PortRange } from '../base/port-range.ts';
import { ServerError } from './errors.ts';
import type { RemoteKmsSettings } from './keys/remote-kms.ts';
import { checkPublicAccess, type PublicAccess } from './public/public-access.ts';
import { checkPublicHosts } from './public-names.ts';
import type { RootKeySource } from './root-key/source.ts';
import type { SignInSettings } from './sign-in/sign-in-settings.ts';
import type { S3BucketSettings } from './trails/s3-bucket-settings.ts';

/**
 * What happens to calls with personal or secret data in names, descriptions or tags: they are
 * answered with a warning, refused, or not inspected.
 */
export const sensitiveNamesModes = ['warn', 'reject', 'off'] as const;

/** One of {@link sensitiveNamesModes}. */
export type SensitiveNamesMode = (typeof sensitiveNamesModes)[number];

/**
 * The kinds of anchors: a server that keeps the state of the trail, a JSON object, or a time stamp
 * server (RFC 3161), which gets only its hash.
 */
export const anchorTypes = ['json', 'rfc3161'] as const;

/** One of {@link anchorTypes}. */
export type AnchorType = (typeof anchorTypes)[number];

/** The settings of the service, from the command line and the environment. */
export interface Settings {
  /** The data folder. */
  readonly folder: string;
  /** The address on which the API and the brokers listen. */
  readonly host: string;
  /**
   * The names or addresses by which clients on other machines reach the service. Certificates are
   * also issued for them, and endpoints have the first one. Empty: those of `host`.
   */
  readonly publicHosts: readonly string[];
  /** How clients on other machines reach the service. */
  readonly publicAccess: PublicAccess;
  /** 0 for any free port. */
  readonly apiPort: number;
  /** The port that a broker prefers over any other; 0 for none. */
  readonly amqpsPort: number;
  /** The only ports of brokers, unless another program uses one; undefined for any. */
  readonly brokerPorts: PortRange | undefined;
  /** Undefined means the region of the data folder, or `us-east-1` at the first start. */
  readonly region: string | undefined;
  /** 12 digits. Undefined means the account of the data folder, which the first start generates. */
  readonly accountId: string | undefined;
  /** Whether the first start creates the broker `default`. */
  readonly hasDefaultBroker: boolean;
  /** Whether to use only the TLS versions and cipher suites of the Amazon MQ guide. */
  readonly hasTlsParity: boolean;
  /** Whether RabbitMQ brokers have the limits of their instance types, as in Amazon MQ. */
  readonly hasInstanceLimits: boolean;
  /** Whether all processes use only OpenSSL's FIPS provider. */
  readonly isFips: boolean;
  /** The port of the LDAP servers that brokers ask about their users. */
  readonly ldapPort: number;
  /** File with the authorities of these servers' certificates, PEM; undefined for public ones. */
  readonly ldapCaFile: string | undefined;
  /** Additional authorities of the servers that shovels connect to, PEM; undefined for none. */
  readonly shovelAuthorities?: string | undefined;
  /** Additional authorities of the certificates of OIDC providers, PEM; undefined for none. */
  readonly oidcAuthorities: string | undefined;
  /** The folder with the files that ARNs in configurations name; undefined for none. */
  readonly arnFolder?: string | undefined;
  readonly signIn: SignInSettings;
  /** The hosts of nodes of clusters; undefined if no machine can join. */
  readonly hosts?: HostsSettings | undefined;
  /** The zone of this machine. */
  readonly zone?: string | undefined;
  /** A KMS outside of the service, whose keys brokers may have; undefined for none. */
  readonly remoteKms?: RemoteKmsSettings | undefined;
  /** Interval of the regular checks of each broker's key, seconds. */
  readonly keyCheckSeconds: number;
  /** Seconds until a change of a key takes effect on its brokers. Imitates the delays of AWS. */
  readonly keyEffectDelaySeconds: number;
  /**
   * Resident memory of a broker process from which publishers are blocked, MiB. Undefined means 0.4
   * of the machine's memory.
   */
  readonly memoryLimitMib: number | undefined;
  /** Free disk space below which publishers are blocked, MiB. 0 disables this. */
  readonly diskReserveMib: number;
  /** What happens to calls with personal or secret data in names, descriptions or tags. */
  readonly sensitiveNames: SensitiveNamesMode;
  /** Names of persons, which count as personal data. */
  readonly personNames: readonly string[];
  /** Whether failed log-ins are recorded in the audit trail as data events. */
  readonly recordsFailedLogins: boolean;
  /** Interval of the log files of trails, seconds. */
  readonly trailFileSeconds: number;
  /** Interval of the digest files of trails, seconds. */
  readonly trailDigestSeconds: number;
  /** Buckets of another service, to which files of trails are copied; undefined for none. */
  readonly trailBuckets?: S3BucketSettings | undefined;
  /** Maximum number of LookupEvents calls per second; 0 for no maximum. */
  readonly lookupsPerSecondMax: number;
  /** Where the state of the trail is posted after each digest; undefined for nowhere. */
  readonly auditAnchor: string | undefined;
  readonly auditAnchorType: AnchorType;
  /** File with the authorities of its certificate, PEM; undefined for public ones. */
  readonly auditAnchorCaFile: string | undefined;
  /** Whether to discard the lines of the broker logs and create a new volume for them. */
  readonly discardsBrokerLogs: boolean;
  readonly logLevel: LogLevel;
  readonly rootKey: RootKeySource;
}

/** The settings for hosts of nodes of clusters. */
export interface HostsSettings {
  /** The port for hosts; 0 for any free one. */
  readonly port: number;
  /** The IPv4 address of this machine on which that port is, and its nodes listen. */
  readonly address: string;
  /** Time without the service after which hosts end their nodes, seconds. */
  readonly leaseSeconds: number;
  /** Time without a connection after which the nodes of a host get other ones, seconds; 0 for never. */
  readonly replaceAfterSeconds: number;
}

/**
 * Checks the ranges of the settings.
 *
 * @throws {ServerError} `setting-invalid`
 */
export function checkSettings(settings: Settings): void {
  const { region, accountId } = settings;
  checkWhole('--api-port', settings.apiPort, 65_535);
  checkWhole('--amqps-port', settings.amqpsPort, 65_535);
  checkPublicHosts(settings.publicHosts);
  checkPublicAccess(settings.publicAccess, settings);
  if (settings.brokerPorts !== undefined) checkBrokerPorts(settings.brokerPorts);
  checkWhole('--ldap-port', settings.ldapPort, 65_535, 1);
  if (settings.memoryLimitMib !== undefined) {
    checkWhole('--memory-limit-mib', settings.memoryLimitMib, 100_000_000, 64);
  }
  checkWhole('--disk-reserve-mib', settings.diskReserveMib, 100_000_000);
  checkWhole('--key-check-seconds', settings.keyCheckSeconds, 86_400);
  checkWhole('--key-effect-delay', settings.keyEffectDelaySeconds, 86_400);
  checkWhole('--trail-file-seconds', settings.trailFileSeconds, 86_400, 1);
  checkWhole('--trail-digest-seconds', settings.trailDigestSeconds, 86_400, 1);
  checkWhole('--lookup-events-per-second', settings.lookupsPerSecondMax, 1000);
  checkAnchor(settings);
  if (settings.hosts !== undefined) checkHosts(settings.hosts);
  if (settings.zone !== undefined && !/^[a-zA-Z0-9][\w.-]{0,62}$/.test(settings.zone)) {
    throw invalid('--zone', settings.zone, 'up to 63 letters, digits, dots, dashes or underscores');
  }
  if (settings.isFips && settings.hasTlsParity) {
    const text =
      '--fips and --tls-parity are both set; the suites of --tls-parity are not all approved';
    throw new ServerError('setting-invalid', text);
  }
  if (region !== undefined && !/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/.test(region)) {
    throw invalid('--region', region, 'a name like eu-central-1');
  }
  if (accountId !== undefined && !/^\d{12}$/.test(accountId)) {
    throw invalid('--account-id', accountId, '12 digits');
  }
}

function checkBrokerPorts({ first, last }: PortRange): void {
  if (first >= 1 && first <= last && last <= 65_535) return;
  const text = 'two ports from 1 to 65535 like 5671-5690, the lower one first';
  throw invalid('--broker-ports', `${first}-${last}`, text);
}

function checkHosts({ port, address, leaseSeconds, replaceAfterSeconds }: HostsSettings): void {
  checkWhole('--hosts-port', port, 65_535);
  checkWhole('--host-lease-seconds', leaseSeconds, 86_400, 10);
  // Before its lease has ended, a host may have nodes that run.
  const afterMin = replaceAfterSeconds === 0 ? 0 : leaseSeconds;
  checkWhole('--replace-lost-hosts-after', replaceAfterSeconds, 604_800, afterMin);
  if (isIPv4(address) && !address.startsWith('127.') && address !== '0.0.0.0') return;
  throw invalid('--node-address', address, 'an IPv4 address of this machine that hosts can reach');
}

/** A time stamp server gets only a hash, and its answers are signed: it needs no TLS. */
function checkAnchor({ auditAnchor, auditAnchorType }: Settings): void {
  if (auditAnchor === undefined) return;
  const isStamp = auditAnchorType === 'rfc3161';
  const allowed = isStamp ? /^https?:\/\/[^/]/ : /^https:\/\/[^/]/;
  if (allowed.test(auditAnchor) && URL.canParse(auditAnchor)) return;
  const text = `a URL that begins with https://${isStamp ? ' or http://' : ''}`;
  throw invalid('--audit-anchor', auditAnchor, text);
}

function checkWhole(option: string, found: number, max: number, min = 0): void {
  if (Number.isInteger(found) && found >= min && found <= max) return;
  throw invalid(option, String(found), `a whole number from ${min} to ${max}`);
}

function invalid(option: string, found: string, allowed: string): ServerError {
  return new ServerError('setting-invalid', `${option} is '${found}'; expected ${allowed}`);
}
