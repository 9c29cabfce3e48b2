import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { systemRandom } from '../../src/base/random.ts';
import type { Caller } from '../../src/calls/caller.ts';
import type { PrincipalPolicies } from '../../src/identity/policies/principal-policies.ts';
import { KeyPairs } from '../../src/kms/asymmetric/key-pairs.ts';
import type { KmsCall } from '../../src/kms/call.ts';
import { KmsError } from '../../src/kms/errors.ts';
import type { KeyRequest } from '../../src/kms/key-creation.ts';
import { Kms } from '../../src/kms/kms.ts';
import type { Result } from '../../src/kms/result.ts';
import { openedSecrets } from '../support/key-secrets.ts';
import { allow, policyOf } from '../support/principal-policies.ts';

// Each condition key of a use of a key: with the right value it allows, with another it does not.

const accountId = '111122223333';
const iam = `arn:aws:iam::${accountId}`;
const user: Caller = {
  type: 'user',
  accountId,
  arn: `${iam}:user/anna`,
  principalId: 'AIDA',
  userName: 'anna',
};
const root: Caller = { type: 'root', accountId, arn: `${iam}:root`, principalId: accountId };

function callBy(caller: Caller, invokedBy?: string): KmsCall {
  const origin = { sourceIp: '192.0.2.1', userAgent: 'test', nowMs: 1000 };
  return { caller, invokedBy, region: 'us-west-2', accountId, ...origin };
}

const secrets = await openedSecrets();
const secret = await secrets.reserve();

/** A key service with a key that the account may use, with a tag and an alias. */
class Keys {
  policies: PrincipalPolicies = { identity: [], isAccountRoot: true };
  readonly kms: Kms;
  readonly KeyId: string;
  readonly blob: Buffer;

  constructor() {
    this.kms = new Kms({
      wrappingKey: createSecretKey(systemRandom.bytes(32)),
      secrets,
      random: systemRandom,
      principals: { policiesOf: () => this.policies },
    });
    const { kms } = this;
    const Tags = [{ TagKey: 'team', TagValue: 'orders' }];
    this.KeyId = this.#did(
      kms.keys.create(callBy(root), { Tags }, { pair: undefined, secret }),
    ).arn;
    this.#did(kms.aliases.create(callBy(root), 'alias/orders', this.KeyId));
    this.blob = kms.ciphers.encrypt(callBy(root), this.KeyId, Buffer.from('x'), {}).output.blob;
  }

  #did<T>({ output, changes }: Result<T>): T {
    for (const change of changes) this.kms.journal.apply(change);
    return output;
  }
}

type Use = (keys: Keys, by: KmsCall) => unknown;

const plaintext = Buffer.from('x');
const encrypt: Use = ({ kms, KeyId }, by) => kms.ciphers.encrypt(by, KeyId, plaintext, {});
const byAlias: Use = ({ kms }, by) => kms.ciphers.encrypt(by, 'alias/orders', plaintext, {});
const inContext: Use = ({ kms, KeyId }, by) =>
  kms.ciphers.encrypt(by, KeyId, plaintext, { EncryptionContext: { 'aws:ebs:id': 'vol-1' } });
const reEncrypt: Use = ({ kms, KeyId, blob }, by) =>
  kms.ciphers.reEncrypt(by, { CiphertextBlob: blob, DestinationKeyId: KeyId });
const grant: Use = ({ kms, KeyId }, by) =>
  kms.grants.create(by, {
    KeyId,
    GranteePrincipal: `${iam}:role/ops`,
    RetiringPrincipal: `${iam}:role/admin`,
    Operations: ['Decrypt'],
    Constraints: { EncryptionContextSubset: { team: 'orders' } },
  });
const putPolicy: Use = ({ kms, KeyId }, by) =>
  kms.keys.putPolicy(
    by,
    { KeyId, Policy: kms.keys.policy(callBy(root), KeyId, undefined).output },
    true,
  );
const schedule: Use = ({ kms, KeyId }, by) => kms.keys.scheduleDeletion(by, KeyId, 7);
const rotate: Use = ({ kms, KeyId }, by) => kms.rotations.enable(by, KeyId, 90);
const tag: Use = ({ kms, KeyId }, by) =>
  kms.keys.tag(by, KeyId, [{ TagKey: 'cost', TagValue: '7' }]);
const untag: Use = ({ kms, KeyId }, by) => kms.keys.untag(by, KeyId, ['team']);

const pair = await new KeyPairs().generate(accountId, 'ECC_NIST_P256');

/** Another key, which belongs to the account. */
function anotherKey({ kms }: Keys, request: KeyRequest): string {
  const copy = { ...pair, privateKey: Buffer.from(pair.privateKey) };
  const prepared = { pair: request.KeySpec?.startsWith('ECC') ? copy : undefined, secret };
  const { output, changes } = kms.keys.create(callBy(root), request, prepared);
  for (const change of changes) kms.journal.apply(change);
  return output.arn;
}

const sign: Use = (keys, by) => {
  const KeyId = anotherKey(keys, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  return keys.kms.signatures.sign(by, {
    KeyId,
    Message: plaintext,
    SigningAlgorithm: 'ECDSA_SHA_256',
  });
};
const agree: Use = (keys, by) => {
  const KeyId = anotherKey(keys, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' });
  const request = { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: pair.publicKey };
  return keys.kms.signatures.sharedSecret(by, request);
};
const mac: Use = (keys, by) => {
  const KeyId = anotherKey(keys, { KeySpec: 'HMAC_384', KeyUsage: 'GENERATE_VERIFY_MAC' });
  const request = { KeyId, Message: plaintext, MacAlgorithm: 'HMAC_SHA_384' };
  return keys.kms.macs.generate(by, request);
};
const pairInside: Use = ({ kms, KeyId }, by) =>
  kms.dataKeys.generatePair(by, 'GenerateDataKeyPair', 'ECC_NIST_P384', { KeyId }, true);
const parameters: Use = (keys, by) => {
  const KeyId = anotherKey(keys, { Origin: 'EXTERNAL' });
  const request = { KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' };
  return keys.kms.imports.parameters(by, request);
};
/** The token is wrong, which shows only after the permission was checked. */
const importing: Use = async (keys, by) => {
  const request = {
    KeyId: anotherKey(keys, { Origin: 'EXTERNAL' }),
    ImportToken: Buffer.from('none'),
    EncryptedKeyMaterial: Buffer.from('none'),
    ValidTo: 86_400_000,
  };
  try {
    keys.kms.imports.import(by, request, await secrets.reserve());
  } catch (error) {
    if (error instanceof KmsError && error.code === 'InvalidImportTokenException') return;
    throw error;
  }
};

const mq = 'mq.amazonaws.com';
const rows: readonly (readonly [key: string, value: string, use: Use, invokedBy?: string])[] = [
  ['kms:ViaService', 'mq.us-west-2.amazonaws.com', encrypt, mq],
  ['kms:CallerAccount', accountId, encrypt],
  ['kms:GrantIsForAWSResource', 'true', grant, mq],
  ['kms:GrantIsForAWSResource', 'false', grant],
  ['kms:GrantOperations', 'Decrypt', grant],
  ['kms:GrantConstraintType', 'EncryptionContextSubset', grant],
  ['kms:GranteePrincipal', `${iam}:role/ops`, grant],
  ['kms:RetiringPrincipal', `${iam}:role/admin`, grant],
  ['kms:EncryptionContext:team', 'orders', grant],
  ['kms:EncryptionContext:aws:ebs:id', 'vol-1', inContext],
  ['kms:EncryptionContextKeys', 'aws:ebs:id', inContext],
  ['kms:EncryptionAlgorithm', 'SYMMETRIC_DEFAULT', encrypt],
  ['kms:KeySpec', 'SYMMETRIC_DEFAULT', encrypt],
  ['kms:KeyUsage', 'ENCRYPT_DECRYPT', encrypt],
  ['kms:KeyOrigin', 'AWS_KMS', encrypt],
  ['kms:MultiRegion', 'false', encrypt],
  ['kms:RequestAlias', 'alias/orders', byAlias],
  ['kms:ResourceAliases', 'alias/orders', encrypt],
  ['kms:ReEncryptOnSameKey', 'true', reEncrypt],
  ['kms:BypassPolicyLockoutSafetyCheck', 'true', putPolicy],
  ['kms:ScheduleKeyDeletionPendingWindowInDays', '7', schedule],
  ['kms:RotationPeriodInDays', '90', rotate],
  ['kms:SigningAlgorithm', 'ECDSA_SHA_256', sign],
  ['kms:MessageType', 'RAW', sign],
  ['kms:KeyAgreementAlgorithm', 'ECDH', agree],
  ['kms:MacAlgorithm', 'HMAC_SHA_384', mac],
  ['kms:DataKeyPairSpec', 'ECC_NIST_P384', pairInside],
  ['kms:WrappingAlgorithm', 'RSAES_OAEP_SHA_256', parameters],
  ['kms:WrappingKeySpec', 'RSA_2048', parameters],
  ['kms:ExpirationModel', 'KEY_MATERIAL_EXPIRES', importing],
  ['kms:ValidTo', '1970-01-02T00:00:00.000Z', importing],
  ['aws:ResourceTag/team', 'orders', encrypt],
  ['aws:ResourceAccount', accountId, encrypt],
  ['aws:RequestTag/cost', '7', tag],
  ['aws:TagKeys', 'cost', tag],
  ['aws:TagKeys', 'team', untag],
];

const isSet = (key: string) => /Keys$|Operations$|Aliases$/.test(key);

for (const [key, value, use, invokedBy] of rows) {
  test(`${key} is ${value}${invokedBy === undefined ? '' : ` through ${invokedBy}`}`, async () => {
    const keys = new Keys();
    const allows = async (expected: string) => {
      const operator = isSet(key) ? 'ForAnyValue:StringEquals' : 'StringEquals';
      const Condition = { [operator]: { [key]: expected } };
      const identity = [policyOf('identity', { ...allow('kms:*'), Condition })];
      try {
        keys.policies = { identity, isAccountRoot: false };
        await use(keys, callBy(user, invokedBy));
        return true;
      } catch (error) {
        if (error instanceof KmsError && error.code === 'AccessDeniedException') return false;
        throw error;
      }
    };
    assert.deepEqual([await allows(value), await allows(`${value}x`)], [true, false]);
  });
}

test('kms:ResourceAliases applies to identity policies, not to key policies', () => {
  const keys = new Keys();
  const Condition = { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/orders' } };
  const statement = { ...allow('kms:*'), Principal: { AWS: user.arn }, Condition };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statement });
  const { KeyId, kms } = keys;
  const { changes } = kms.keys.putPolicy(callBy(root), { KeyId, Policy }, true);
  for (const change of changes) kms.journal.apply(change);
  keys.policies = { identity: [], isAccountRoot: false };
  assert.throws(() => encrypt(keys, callBy(user)), { code: 'AccessDeniedException' });
});
