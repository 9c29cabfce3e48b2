import type { StorageType } from './offer.ts';

/** How the volumes of one storage type are named, and by which AWS service AWS would keep them. */
interface StorageTypeTraits {
  /** Begins the volume's id. */
  readonly idPrefix: string;
  /** Key of the encryption context that binds a data key to its volume. */
  readonly contextKey: string;
  /** Service whose principal retires the volume's grant. */
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
    // As on AWS, where it is not immediate and no time is stated.
    keyEffectDelayMs: 60_000,
  },
};

/** Begins the ids of volumes of a storage type. */
export function volumeIdPrefix(storageType: StorageType): string {
  return traits[storageType].idPrefix;
}

/** Milliseconds by which the loss of a key takes effect later on volumes in use of a storage type. */
export function keyEffectDelayMs(storageType: StorageType): number {
  return traits[storageType].keyEffectDelayMs;
}

/** A volume, as the key service must know it. */
export interface VolumeName {
  readonly id: string;
  readonly storageType: StorageType;
}

/** The encryption context under which a volume's data key is wrapped. */
export function volumeContext({ id, storageType }: VolumeName): Record<string, string> {
  return { [traits[storageType].contextKey]: id };
}

/** The service principal that retires the grants of volumes of a storage type. */
export function volumePrincipal(storageType: StorageType, region: string): string {
  return `${traits[storageType].service}.${region}.amazonaws.com`;
}
