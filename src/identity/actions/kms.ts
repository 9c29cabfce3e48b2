// The actions of the key service.

import { serviceActions } from './service-actions.ts';

const key = ['key'];
const keyAndAlias = ['key', 'alias'];
const caller = ['kms:CallerAccount', 'kms:ViaService'];
const aliases = ['kms:RequestAlias', 'kms:ResourceAliases'];
const ofKey = ['kms:KeySpec', 'kms:KeyUsage', 'kms:KeyOrigin', 'kms:MultiRegion'];
const onKey = ['aws:ResourceTag/${k}', 'aws:ResourceAccount', ...ofKey, ...caller];
const onNamedKey = [...onKey, ...aliases];
const context = ['kms:EncryptionContext:${k}', 'kms:EncryptionContextKeys'];
const cipher = [...onNamedKey, ...context, 'kms:EncryptionAlgorithm'];
const ofRequest = ['aws:RequestTag/${k}', 'aws:TagKeys'];
const bypass = 'kms:BypassPolicyLockoutSafetyCheck';
const forResource = 'kms:GrantIsForAWSResource';
const ofGrant = [
  'kms:GrantOperations',
  'kms:GrantConstraintType',
  'kms:GranteePrincipal',
  'kms:RetiringPrincipal',
  forResource,
];
const ofImport = ['kms:WrappingAlgorithm', 'kms:WrappingKeySpec'];
const stores =
  'ConnectCustomKeyStore CreateCustomKeyStore DeleteCustomKeyStore DisconnectCustomKeyStore UpdateCustomKeyStore';

/** @see Service authorization reference, "Actions, resources, and condition keys for AWS KMS" */
export const kmsActions = serviceActions(
  'kms',
  {
    key: 'arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}',
    alias: 'arn:${Partition}:kms:${Region}:${Account}:alias/${Alias}',
  },
  [
    ['Write', [], [...ofKey, ...ofRequest, ...caller, bypass], 'CreateKey'],
    ['Write', [], caller, stores],
    ['Write', [], caller, 'GenerateRandom'],
    ['List', [], caller, 'ListAliases ListKeys'],
    ['List', [], caller, 'ListRetirableGrants'],
    ['Read', [], caller, 'DescribeCustomKeyStores'],
    ['Write', keyAndAlias, onKey, 'CreateAlias DeleteAlias UpdateAlias'],
    ['Write', key, cipher, 'Encrypt Decrypt GenerateDataKey GenerateDataKeyWithoutPlaintext'],
    ['Write', key, [...cipher, 'kms:ReEncryptOnSameKey'], 'ReEncryptFrom! ReEncryptTo!'],
    ['Write', key, [...cipher, 'kms:DataKeyPairSpec'], 'GenerateDataKeyPair'],
    ['Write', key, [...cipher, 'kms:DataKeyPairSpec'], 'GenerateDataKeyPairWithoutPlaintext'],
    ['Write', key, [...onNamedKey, 'kms:MessageType', 'kms:SigningAlgorithm'], 'Sign Verify'],
    ['Write', key, [...onNamedKey, 'kms:MacAlgorithm'], 'GenerateMac VerifyMac'],
    ['Write', key, [...onNamedKey, 'kms:KeyAgreementAlgorithm'], 'DeriveSharedSecret'],
    ['Write', key, onNamedKey, 'Encapsulate Decapsulate'],
    ['Write', key, onKey, 'CancelKeyDeletion DisableKey EnableKey UpdateKeyDescription'],
    ['Write', key, onKey, 'DeleteImportedKeyMaterial DisableKeyRotation RotateKeyOnDemand'],
    ['Write', key, [...onKey, 'kms:RotationPeriodInDays'], 'EnableKeyRotation'],
    ['Write', key, [...onKey, 'kms:ScheduleKeyDeletionPendingWindowInDays'], 'ScheduleKeyDeletion'],
    ['Write', key, [...onKey, 'kms:ExpirationModel', 'kms:ValidTo'], 'ImportKeyMaterial'],
    ['Write', key, onKey, 'ReplicateKey SynchronizeMultiRegionKey! UpdatePrimaryRegion'],
    ['Permissions management', key, [...onKey, bypass], 'PutKeyPolicy'],
    ['Permissions management', key, [...onKey, ...context, ...ofGrant], 'CreateGrant'],
    ['Permissions management', key, onKey, 'RetireGrant'],
    ['Permissions management', key, [...onKey, forResource], 'RevokeGrant'],
    ['List', key, [...onKey, forResource], 'ListGrants'],
    ['List', key, onKey, 'ListKeyPolicies ListKeyRotations ListResourceTags'],
    ['Read', key, onNamedKey, 'DescribeKey GetPublicKey'],
    ['Read', key, onKey, 'GetKeyLastUsage GetKeyPolicy GetKeyRotationStatus'],
    ['Read', key, [...onKey, ...ofImport], 'GetParametersForImport'],
    ['Tagging', key, [...onKey, ...ofRequest], 'TagResource'],
    ['Tagging', key, [...onKey, 'aws:TagKeys'], 'UntagResource'],
  ],
);
