import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { systemRandom } from '../../src/base/random.ts';
import type { Caller } from '../../src/calls/caller.ts';
import type { PrincipalPolicies } from '../../src/identity/policies/principal-policies.ts';
import type { KmsCall } from '../../src/kms/call.ts';
import { KmsError } from '../../src/kms/errors.ts';
import { Kms } from '../../src/kms/kms.ts';
import type { Result } from '../../src/kms/result.ts';
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

/** A key service with a key that the account may use, with a tag and an alias. */
class Keys {
  policies: PrincipalPolicies = { identity: [], isAccountRoot: true };
  readonly kms: Kms;
  readonly KeyId: string;
  readonly blob: Buffer;

  constructor() {
    this.kms = new Kms({
      wrappingKey: createSecretKey(systemRandom.bytes(32)),
      random: systemRandom,
      principals: { policiesOf: () => this.policies },
    });
    const { kms } = this;
    const Tags = [{ TagKey: 'team', TagValue: 'orders' }];
    this.KeyId = this.#did(kms.keys.create(callBy(root), { Tags })).arn;
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
  ['aws:ResourceTag/team', 'orders', encrypt],
  ['aws:ResourceAccount', accountId, encrypt],
  ['aws:RequestTag/cost', '7', tag],
  ['aws:TagKeys', 'cost', tag],
  ['aws:TagKeys', 'team', untag],
];

const isSet = (key: string) => /Keys$|Operations$|Aliases$/.test(key);

for (const [key, value, use, invokedBy] of rows) {
  test(`${key} is ${value}${invokedBy === undefined ? '' : ` through ${invokedBy}`}`, () => {
    const keys = new Keys();
    const allows = (expected: string) => {
      const operator = isSet(key) ? 'ForAnyValue:StringEquals' : 'StringEquals';
      const Condition = { [operator]: { [key]: expected } };
      const identity = [policyOf('identity', { ...allow('kms:*'), Condition })];
      try {
        keys.policies = { identity, isAccountRoot: false };
        use(keys, callBy(user, invokedBy));
        return true;
      } catch (error) {
        if (error instanceof KmsError && error.code === 'AccessDeniedException') return false;
        throw error;
      }
    };
    assert.deepEqual([allows(value), allows(`${value}x`)], [true, false]);
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
