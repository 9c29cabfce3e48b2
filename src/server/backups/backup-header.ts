// The header of a backup: what is known about it without its key.

import { StorageError } from '../../storage/errors.ts';

/** What both kinds of backups state. */
interface CommonHeader {
  /** 16 hexadecimal digits. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  /** The version of the program that made it. */
  readonly release: string;
  readonly region: string;
  readonly accountId: string;
  /** The size of its contents, bytes. */
  readonly sizeBytes: number;
}

/** The header of a backup of a whole service. Its key is derived from that of the system volume. */
export interface ServiceBackupHeader extends CommonHeader {
  readonly kind: 'service';
  /** The id of the system volume. */
  readonly volumeId: string;
  /** The data key of the system volume, wrapped by the root key; base64. */
  readonly wrappedKey: string;
}

/** The header of a backup of a broker. Its key is wrapped by the KMS key of the broker. */
export interface BrokerBackupHeader extends CommonHeader {
  readonly kind: 'broker';
  readonly brokerId: string;
  readonly brokerName: string;
  /** The volume, whose id and storage type are the encryption context of the key. */
  readonly volumeId: string;
  readonly storageType: 'EBS' | 'EFS';
  readonly kmsKeyId: string;
  readonly keyOwner: 'service' | 'managed' | 'customer' | 'remote';
  /** Base64. */
  readonly wrappedKey: string;
}

/** The header of a backup. */
export type BackupHeader = ServiceBackupHeader | BrokerBackupHeader;

/** The type and pattern of each member. */
const common = {
  id: /^[0-9a-f]{16}$/,
  release: /^[\w.+-]{1,64}$/,
  region: /^[a-z0-9-]{1,32}$/,
  accountId: /^\d{12}$/,
  wrappedKey: /^[A-Za-z0-9+/=]{1,16384}$/,
} as const;

const ofKind = {
  service: { ...common, volumeId: /^sys-[0-9a-f]{17}$/ },
  broker: {
    ...common,
    brokerId: /^b-[0-9a-f-]{36}$/,
    brokerName: /^[0-9A-Za-z_-]{1,50}$/,
    volumeId: /^(vol|fs)-[0-9a-f]{17}$/,
    storageType: /^(EBS|EFS)$/,
    kmsKeyId: /^arn:[\w:/.@+=,-]{1,2000}$/,
    keyOwner: /^(service|managed|customer|remote)$/,
  },
} as const;

/**
 * Checks a header, which anybody may have written.
 *
 * @param value parsed JSON
 * @throws {StorageError} `backup-damaged`
 */
export function checkHeader(value: unknown): BackupHeader {
  const members = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const { kind, createdMs, sizeBytes } = members;
  if (kind !== 'service' && kind !== 'broker') throw invalid('kind');
  for (const [name, number] of Object.entries({ createdMs, sizeBytes })) {
    if (!Number.isSafeInteger(number) || Number(number) < 0) throw invalid(name);
  }
  for (const [name, pattern] of Object.entries(ofKind[kind])) {
    const text = members[name];
    if (typeof text !== 'string' || !pattern.test(text)) throw invalid(name);
  }
  return members as unknown as BackupHeader; // every member was checked
}

function invalid(name: string): StorageError {
  return new StorageError('backup-damaged', `the header of the backup has no valid ${name}`);
}

/** What a backup is of, and when it was made, for a person. */
export function describeHeader(header: BackupHeader, nowMs: number): string {
  const { createdMs, accountId, region } = header;
  const what =
    header.kind === 'service'
      ? `the service of account ${accountId} in ${region}`
      : `broker ${header.brokerName} of account ${accountId}`;
  return `backup of ${what}, made ${new Date(createdMs).toISOString()} (${ageOf(nowMs - createdMs)})`;
}

function ageOf(ms: number): string {
  const minutes = Math.floor(Math.abs(ms) / 60_000);
  const [count, unit] =
    minutes < 120
      ? [minutes, 'minute']
      : minutes < 2880
        ? [Math.floor(minutes / 60), 'hour']
        : [Math.floor(minutes / 1440), 'day'];
  return `${count} ${unit}${count === 1 ? '' : 's'} ${ms < 0 ? 'in the future' : 'ago'}`;
}
