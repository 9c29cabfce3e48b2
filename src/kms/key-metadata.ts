// The metadata of keys in answers.

import { algorithmsOf } from './key-specs.ts';
import type { KeyRecord } from './records.ts';

/**
 * The metadata of a key, as DescribeKey and CreateKey return it. @see AWS KMS API, "KeyMetadata"
 */
export function metadataOf(key: KeyRecord) {
  const current = key.materials.at(-1);
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
    Origin: key.origin,
    KeyManager: key.owner === 'customer' ? 'CUSTOMER' : 'AWS',
    CustomerMasterKeySpec: key.spec,
    KeySpec: key.spec,
    ...algorithmsOf(key.spec, key.usage),
    MultiRegion: key.multiRegion,
    CurrentKeyMaterialId: current?.id,
  };
}
