import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { openedSecrets } from '../../../tests/support/key-secrets.ts';
import {
  allow,
  deny,
  policyOf,
  principalsWith,
} from '../../../tests/support/principal-policies.ts';
import { systemRandom } from '../../base/random.ts';
import { rootUserOnly } from '../../identity/policies/principal-policies.ts';
import type { KmsCall } from '../call.ts';
import { Kms } from '../kms.ts';
import type { Result } from '../result.ts';
import type { GrantRequest } from './grant-request.ts';

const accountId = '111122223333';
const iam = `arn:aws:iam::${accountId}`;
const denied = { code: 'AccessDeniedException' };

function callBy(caller: KmsCall['caller'], invokedBy?: string): KmsCall {
  return {
    caller,
    invokedBy,
    region: 'us-west-2',
    accountId,
    sourceIp: '192.0.2.1',
    userAgent: 'test',
    nowMs: 1000,
  };
}

const root = callBy({ type: 'root', accountId, arn: `${iam}:root`, principalId: accountId });
const user = (name: string) => {
  const arn = `${iam}:user/${name}`;
  return callBy({ type: 'user', accountId, arn, principalId: `AIDA${name}`, userName: name });
};
const [alice, bob] = [user('alice'), user('bob')];
const session = callBy({
  type: 'assumed-role',
  accountId,
  arn: `arn:aws:sts::${accountId}:assumed-role/ops/anna`,
  principalId: 'AROA:anna',
  session: {
    roleName: 'ops',
    roleId: 'AROA',
    roleArn: `${iam}:role/ops`,
    createdMs: 0,
    mfaAuthenticated: false,
  },
});
const service = (name: string) =>
  callBy({ type: 'service', accountId, arn: name, principalId: name });

const secrets = await openedSecrets();
const secret = await secrets.reserve();

/** A key service with one key, whose changes are applied as they come. */
class OneKey {
  readonly kms: Kms;
  readonly KeyId: string;

  constructor(principals = rootUserOnly) {
    const wrappingKey = createSecretKey(systemRandom.bytes(32));
    this.kms = new Kms({ wrappingKey, secrets, random: systemRandom, principals });
    this.KeyId = this.did(this.kms.keys.create(root, {}, { pair: undefined, secret })).arn;
  }

  did<T>({ output, changes }: Result<T>): T {
    for (const change of changes) this.kms.journal.apply(change);
    return output;
  }

  grant(by: KmsCall, request: Omit<GrantRequest, 'KeyId'>) {
    return this.did(this.kms.grants.create(by, { KeyId: this.KeyId, ...request }));
  }

  encrypt(by: KmsCall) {
    return this.kms.ciphers.encrypt(by, this.KeyId, Buffer.from('x'), {});
  }

  get grantCount(): number {
    return [...this.kms.journal.grants()].length;
  }
}

test('a grant to a user applies to that user only', () => {
  const key = new OneKey();
  assert.throws(() => key.encrypt(alice), denied);
  key.grant(root, { GranteePrincipal: alice.caller.arn, Operations: ['Encrypt'] });
  assert.equal(key.encrypt(alice).output.key.arn, key.KeyId);
  assert.throws(() => key.encrypt(bob), denied);
});

test('a grant to a role applies to all its sessions, and one to a session to that session only', () => {
  for (const GranteePrincipal of [`${iam}:role/ops`, session.caller.arn]) {
    const key = new OneKey();
    key.grant(root, { GranteePrincipal, Operations: ['Encrypt'] });
    key.encrypt(session);
    assert.throws(() => key.encrypt(alice), denied);
  }
  const key = new OneKey();
  const other = `arn:aws:sts::${accountId}:assumed-role/ops/other`;
  key.grant(root, { GranteePrincipal: other, Operations: ['Encrypt'] });
  assert.throws(() => key.encrypt(session), denied);
});

test('a grant to the account delegates to the policies of its users', () => {
  const identity = [policyOf('identity', allow('kms:Encrypt'))];
  const key = new OneKey(principalsWith({ [alice.caller.arn]: { identity } }));
  // The key's policy no longer leaves anything to the account.
  const statement = { Effect: 'Allow', Principal: { AWS: `${iam}:root` }, Resource: '*' };
  const Action = ['kms:PutKeyPolicy', 'kms:CreateGrant'];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, Action }] });
  key.did(key.kms.keys.putPolicy(root, { KeyId: key.KeyId, Policy }, false));
  assert.throws(() => key.encrypt(alice), denied);
  key.grant(root, { GranteePrincipal: `${iam}:root`, Operations: ['Encrypt'] });
  key.encrypt(alice);
  assert.throws(() => key.encrypt(bob), denied);
});

test('a Deny in a user policy overrides a grant', () => {
  const identity = [policyOf('identity', deny('kms:*'))];
  const key = new OneKey(principalsWith({ [alice.caller.arn]: { identity } }));
  key.grant(root, { GranteePrincipal: alice.caller.arn, Operations: ['Encrypt'] });
  assert.throws(() => key.encrypt(alice), {
    ...denied,
    message: /with an explicit deny in an identity-based policy$/,
  });
});

test('only a service can name a service as grantee, and the grant applies to that service only', () => {
  const key = new OneKey();
  const request = { GranteePrincipal: 'mq.amazonaws.com', Operations: ['Encrypt'] };
  assert.throws(() => key.grant(root, request), { code: 'InvalidArnException' });
  key.grant(callBy(root.caller, 'mq.amazonaws.com'), request);
  key.encrypt(service('mq.amazonaws.com'));
  assert.throws(() => key.encrypt(service('ec2.us-west-2.amazonaws.com')), denied);
});

test('only the retiring principal and the account can retire a grant', () => {
  const request = { GranteePrincipal: alice.caller.arn, Operations: ['Encrypt'] };
  const retiring = { ...request, RetiringPrincipal: bob.caller.arn };
  for (const [by, may] of [
    [root, true],
    [bob, true],
    [alice, false],
    [session, false],
    [service('mq.amazonaws.com'), false],
  ] as const) {
    const key = new OneKey();
    const { GrantToken } = key.grant(root, retiring);
    const retire = () => key.did(key.kms.grants.retire(by, { GrantToken }));
    if (may) retire();
    else assert.throws(retire, denied);
    assert.equal(key.grantCount, may ? 0 : 1);
  }
});

test('a grantee can retire its grant only if the grant allows RetireGrant', () => {
  const key = new OneKey();
  const grantee = { GranteePrincipal: alice.caller.arn };
  const { GrantId } = key.grant(root, { ...grantee, Operations: ['Encrypt'] });
  const mine = key.grant(root, { ...grantee, Operations: ['Encrypt', 'RetireGrant'] });
  const retire = (id: string) =>
    key.did(key.kms.grants.retire(alice, { KeyId: key.KeyId, GrantId: id }));
  assert.throws(() => retire(GrantId), denied);
  retire(mine.GrantId);
  assert.equal(key.grantCount, 1);
});

test('revoking a grant needs permission on the key, which a grant does not give', () => {
  const key = new OneKey();
  const request = { GranteePrincipal: alice.caller.arn, RetiringPrincipal: alice.caller.arn };
  const { GrantId } = key.grant(root, { ...request, Operations: ['Encrypt', 'RetireGrant'] });
  const named = { KeyId: key.KeyId, GrantId };
  assert.throws(() => key.kms.grants.revoke(alice, named), denied);
  key.did(key.kms.grants.revoke(root, named));
  assert.throws(() => key.encrypt(alice), denied);
});

test('a service lists only the grants that name it', () => {
  const key = new OneKey();
  const forService = callBy(root.caller, 'mq.amazonaws.com');
  key.grant(forService, { GranteePrincipal: 'mq.amazonaws.com', Operations: ['Decrypt'] });
  key.grant(root, { GranteePrincipal: alice.caller.arn, Operations: ['Decrypt'] });
  const { KeyId } = key;
  const listed = key.kms.grants.list(service('mq.amazonaws.com'), { KeyId }).output.items;
  assert.deepEqual(
    listed.map(({ grantee }) => grantee),
    ['mq.amazonaws.com'],
  );
  assert.throws(() => key.kms.grants.list(service('s3.amazonaws.com'), { KeyId }), denied);
  assert.throws(() => key.kms.grants.list(alice, { KeyId }), denied);
});

test('keys that a service created for itself are visible to services only', () => {
  const key = new OneKey();
  const { kms } = key;
  const { arn } = key.did(kms.keys.create(service('mq.amazonaws.com'), {}));
  assert.throws(() => kms.keys.describe(root, arn), { code: 'NotFoundException' });
  assert.equal(kms.keys.describe(service('mq.amazonaws.com'), arn).output.arn, arn);
  assert.throws(() => kms.keys.describe(service('s3.amazonaws.com'), arn), denied);
});
