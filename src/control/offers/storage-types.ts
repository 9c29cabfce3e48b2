import type { StorageType } from './offer.ts';

/** How the volumes of one storage type are named, and by which AWS service AWS would keep them. */
interface StorageTypeTraits {
  /** Begins the volume's id. */
  readonly idPrefix: string;
  /** Key of the encryption context that binds a data key to its volume. */
  readonly contextKey: string;
  /** Service whose principal retires the volume's grant. */
  readonly service: string;
}

const traits: Readonly<Record<StorageType, StorageTypeTraits>> = {
  EBS: { idPrefix: 'vol-', contextKey: 'aws:ebs:id', service: 'ec2' },
  EFS: {
    idPrefix: 'fs-',
    contextKey: 'aws:elasticfilesystem:filesystem:id',
    service: 'elasticfilesystem',
  },
};

/** Begins the ids of volumes of a storage type. */
export function volumeIdPrefix(storageType: StorageType): string {
  return traits[storageType].idPrefix;
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
