// The KMS service.

import type { Service } from '../../aws/service.ts';
import type { Kms } from '../../kms/kms.ts';
import { translate, withKeys } from './answers.ts';
import * as aliases from './operations/aliases.ts';
import * as ciphers from './operations/ciphers.ts';
import * as dataKeys from './operations/data-keys.ts';
import * as grants from './operations/grants.ts';
import * as imports from './operations/imports.ts';
import * as keyStores from './operations/key-stores.ts';
import { getKeyLastUsage } from './operations/key-usage.ts';
import * as keys from './operations/keys.ts';
import * as macs from './operations/macs.ts';
import * as policies from './operations/policies.ts';
import * as refused from './operations/refused.ts';
import * as rotations from './operations/rotations.ts';
import * as signatures from './operations/signatures.ts';
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
    ConnectCustomKeyStore: keyStores.connectCustomKeyStore(),
    CreateAlias: aliases.createAlias(kms),
    CreateCustomKeyStore: keyStores.createCustomKeyStore(),
    CreateGrant: grants.createGrant(kms),
    CreateKey: keys.createKey(kms),
    Decapsulate: refused.decapsulate(kms),
    Decrypt: ciphers.decrypt(kms),
    DeleteAlias: aliases.deleteAlias(kms),
    DeleteCustomKeyStore: keyStores.deleteCustomKeyStore(),
    DeleteImportedKeyMaterial: imports.deleteImportedKeyMaterial(kms),
    DeriveSharedSecret: signatures.deriveSharedSecret(kms),
    DescribeCustomKeyStores: keyStores.describeCustomKeyStores(),
    DescribeKey: keys.describeKey(kms),
    DisableKey: keys.disableKey(kms),
    DisableKeyRotation: rotations.disableKeyRotation(kms),
    DisconnectCustomKeyStore: keyStores.disconnectCustomKeyStore(),
    EnableKey: keys.enableKey(kms),
    EnableKeyRotation: rotations.enableKeyRotation(kms),
    Encapsulate: refused.encapsulate(kms),
    Encrypt: ciphers.encrypt(kms),
    GenerateDataKey: dataKeys.generateDataKey(kms),
    GenerateDataKeyPair: dataKeys.generateDataKeyPair(kms),
    GenerateDataKeyPairWithoutPlaintext: dataKeys.generateDataKeyPairWithoutPlaintext(kms),
    GenerateDataKeyWithoutPlaintext: dataKeys.generateDataKeyWithoutPlaintext(kms),
    GenerateMac: macs.generateMac(kms),
    GenerateRandom: dataKeys.generateRandom(kms),
    GetKeyLastUsage: getKeyLastUsage(kms),
    GetKeyPolicy: policies.getKeyPolicy(kms),
    GetKeyRotationStatus: rotations.getKeyRotationStatus(kms),
    GetParametersForImport: imports.getParametersForImport(kms),
    GetPublicKey: signatures.getPublicKey(kms),
    ImportKeyMaterial: imports.importKeyMaterial(kms),
    ListAliases: aliases.listAliases(kms),
    ListGrants: grants.listGrants(kms),
    ListKeyPolicies: policies.listKeyPolicies(kms),
    ListKeyRotations: rotations.listKeyRotations(kms),
    ListKeys: keys.listKeys(kms),
    ListResourceTags: tags.listResourceTags(kms),
    ListRetirableGrants: grants.listRetirableGrants(kms),
    PutKeyPolicy: policies.putKeyPolicy(kms),
    ReEncrypt: ciphers.reEncrypt(kms),
    ReplicateKey: refused.replicateKey(kms),
    RetireGrant: grants.retireGrant(kms),
    RevokeGrant: grants.revokeGrant(kms),
    RotateKeyOnDemand: rotations.rotateKeyOnDemand(kms),
    ScheduleKeyDeletion: keys.scheduleKeyDeletion(kms),
    Sign: signatures.sign(kms),
    TagResource: tags.tagResource(kms),
    UntagResource: tags.untagResource(kms),
    UpdateAlias: aliases.updateAlias(kms),
    UpdateCustomKeyStore: keyStores.updateCustomKeyStore(),
    UpdateKeyDescription: keys.updateKeyDescription(kms),
    UpdatePrimaryRegion: refused.updatePrimaryRegion(kms),
    Verify: signatures.verify(kms),
    VerifyMac: macs.verifyMac(kms),
  };
}
