// Storage types and the names of their volumes.

import type { StorageType } from './offer.ts';

/** The ids of volumes with a storage type, and the AWS service that stores them. */
interface StorageTypeTraits {
  /** The prefix of volume ids. */
  readonly idPrefix: string;
  /** The key of the encryption context that binds a data key to its volume. */
  readonly contextKey: string;
  /** The service whose principal retires the grant of the volume. */
  readonly service: string;
  /** Milliseconds by which the loss of a key takes effect later on volumes in use. */
  readonly keyEffectDelayMs: number;
}

const traits: Readonly<Record<StorageType, StorageTypeTraits>> = {
  EBS: { idPrefix: 'vol-', contextKey: 'aws:ebs:id', service: 'ec2', keyEffectDelayMs: 0 },
  EFS: {
    idPrefix: 'fs-',
    contextKey: 'aws:elasticfilesystem:filesystem:id',
    service: 'elasticfilesystem',
    // On AWS, the loss of a key does not take effect at once. AWS states no duration.
    keyEffectDelayMs: 60_000,
  },
};

/** The prefix of the ids of volumes with a storage type. */
export function volumeIdPrefix(storageType: StorageType): string {
  return traits[storageType].idPrefix;
}

/**
 * Milliseconds by which the loss of a key takes effect later on volumes in use of a storage type.
 */
export function keyEffectDelayMs(storageType: StorageType): number {
  return traits[storageType].keyEffectDelayMs;
}

/** The id and storage type of a volume. */
export interface VolumeName {
  readonly id: string;
  readonly storageType: StorageType;
}

/** The encryption context of the data key of a volume. */
export function volumeContext({ id, storageType }: VolumeName): Record<string, string> {
  return { [traits[storageType].contextKey]: id };
}

/** The service principal that retires the grants of volumes with a storage type. */
export function volumePrincipal(storageType: StorageType, region: string): string {
  return `${traits[storageType].service}.${region}.amazonaws.com`;
}
