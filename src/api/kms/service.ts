// The KMS service.

import type { Service } from '../../aws/service.ts';
import type { Kms } from '../../kms/kms.ts';
import { translate, withKeys } from './answers.ts';
import * as aliases from './operations/aliases.ts';
import * as ciphers from './operations/ciphers.ts';
import * as grants from './operations/grants.ts';
import * as keys from './operations/keys.ts';
import * as policies from './operations/policies.ts';
import * as rotations from './operations/rotations.ts';
import * as tags from './operations/tags.ts';

/** The KMS API over the key service. @see AWS KMS API 2014-11-01 */
export function kmsService(kms: Kms): Service {
  const operations = Object.entries(operationsOf(kms)).map(
    ([name, operation]) => [name, withKeys(kms, operation)] as const,
  );
  return {
    name: 'kms',
    wires: ['json-1.1'],
    targetPrefixes: ['TrentService'],
    eventSource: 'kms.amazonaws.com',
    apiVersion: '2014-11-01',
    operations: Object.fromEntries(operations),
    translate,
  };
}

function operationsOf(kms: Kms): Service['operations'] {
  return {
    CancelKeyDeletion: keys.cancelKeyDeletion(kms),
    CreateAlias: aliases.createAlias(kms),
    CreateGrant: grants.createGrant(kms),
    CreateKey: keys.createKey(kms),
    Decrypt: ciphers.decrypt(kms),
    DeleteAlias: aliases.deleteAlias(kms),
    DescribeKey: keys.describeKey(kms),
    DisableKey: keys.disableKey(kms),
    DisableKeyRotation: rotations.disableKeyRotation(kms),
    EnableKey: keys.enableKey(kms),
    EnableKeyRotation: rotations.enableKeyRotation(kms),
    Encrypt: ciphers.encrypt(kms),
    GenerateDataKey: ciphers.generateDataKey(kms),
    GenerateDataKeyWithoutPlaintext: ciphers.generateDataKeyWithoutPlaintext(kms),
    GenerateRandom: ciphers.generateRandom(kms),
    GetKeyPolicy: policies.getKeyPolicy(kms),
    GetKeyRotationStatus: rotations.getKeyRotationStatus(kms),
    ListAliases: aliases.listAliases(kms),
    ListGrants: grants.listGrants(kms),
    ListKeyPolicies: policies.listKeyPolicies(kms),
    ListKeyRotations: rotations.listKeyRotations(kms),
    ListKeys: keys.listKeys(kms),
    ListResourceTags: tags.listResourceTags(kms),
    ListRetirableGrants: grants.listRetirableGrants(kms),
    PutKeyPolicy: policies.putKeyPolicy(kms),
    ReEncrypt: ciphers.reEncrypt(kms),
    RetireGrant: grants.retireGrant(kms),
    RevokeGrant: grants.revokeGrant(kms),
    RotateKeyOnDemand: rotations.rotateKeyOnDemand(kms),
    ScheduleKeyDeletion: keys.scheduleKeyDeletion(kms),
    TagResource: tags.tagResource(kms),
    UntagResource: tags.untagResource(kms),
    UpdateAlias: aliases.updateAlias(kms),
    UpdateKeyDescription: keys.updateKeyDescription(kms),
  };
}
