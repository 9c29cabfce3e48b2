// The metadata of keys in answers.

import { algorithmsOf, isSymmetric } from './key-specs.ts';
import { currentMaterial, type KeyRecord } from './records.ts';

/**
 * The metadata of a key, as DescribeKey and CreateKey return it. @see AWS KMS API, "KeyMetadata"
 */
export function metadataOf(key: KeyRecord) {
  const current = currentMaterial(key);
  return {
    AWSAccountId: key.accountId,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: key.createdMs,
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.state,
    DeletionDate: key.deletionMs,
    ValidTo: current?.wrapped === undefined ? undefined : current.validToMs,
    Origin: key.origin,
    ExpirationModel: expirationModelOf(key),
    KeyManager: key.owner === 'customer' ? 'CUSTOMER' : 'AWS',
    CustomerMasterKeySpec: key.spec,
    KeySpec: key.spec,
    ...algorithmsOf(key.spec, key.usage),
    MultiRegion: key.multiRegion,
    MultiRegionConfiguration: key.multiRegion ? primaryOf(key) : undefined,
    CurrentKeyMaterialId: isSymmetric(key) ? current?.id : undefined,
  };
}

/** Whether the imported material of a key expires; undefined for keys without it. */
function expirationModelOf(key: KeyRecord): string | undefined {
  const current = currentMaterial(key);
  if (key.origin !== 'EXTERNAL' || current?.wrapped === undefined) return undefined;
  return current.validToMs === undefined ? 'KEY_MATERIAL_DOES_NOT_EXPIRE' : 'KEY_MATERIAL_EXPIRES';
}

/** Every multi-Region key is a primary key without replicas. */
function primaryOf({ arn }: KeyRecord) {
  const [, , , region] = arn.split(':');
  return {
    MultiRegionKeyType: 'PRIMARY',
    PrimaryKey: { Arn: arn, Region: region },
    ReplicaKeys: [],
  };
}
