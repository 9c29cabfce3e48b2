import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TagRoleCommand, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { type AssumeRoleCommandInput, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import {
  assume,
  newRole,
  newUser,
  policyText,
  testAccounts,
  trust,
  userArn,
} from '../../support/callers.ts';
import { accountId } from '../../support/control-plane.ts';

// Each condition key of a trust policy: with the right value it allows, with another it does not.

const { plane, callers, iam } = await testAccounts();

const credentials = await newUser(iam, 'anna');
const { sts } = callers.as(credentials);
const arn = userArn('anna');
const actions = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
await newRole(iam, 'trusting', trust(arn, {}, actions));
await iam.send(
  new TagRoleCommand({ RoleName: 'trusting', Tags: [{ Key: 'duty', Value: 'on-call' }] }),
);

const Tags = [{ Key: 'team', Value: 'orders' }];
const rows: readonly (readonly [
  key: string,
  value: string,
  request?: Partial<AssumeRoleCommandInput>,
])[] = [
  ['sts:RoleSessionName', 'shift'],
  ['sts:ExternalId', 'agreed-4711', { ExternalId: 'agreed-4711' }],
  ['sts:SourceIdentity', 'anna', { SourceIdentity: 'anna' }],
  ['sts:TransitiveTagKeys', 'team', { Tags, TransitiveTagKeys: ['team'] }],
  ['aws:TagKeys', 'team', { Tags }],
  ['aws:RequestTag/team', 'orders', { Tags }],
  ['aws:ResourceTag/duty', 'on-call'],
  ['aws:ResourceAccount', accountId],
  ['aws:PrincipalArn', arn],
  ['aws:PrincipalAccount', accountId],
  ['aws:PrincipalType', 'User'],
  ['aws:username', 'anna'],
];

async function allows(Condition: object, request: Partial<AssumeRoleCommandInput> = {}) {
  const PolicyDocument = policyText(trust(arn, { Condition }, actions));
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'trusting', PolicyDocument }));
  try {
    await assume(sts, 'trusting', request);
    return true;
  } catch (error) {
    assert.equal((error as Error).name, 'AccessDenied');
    return false;
  }
}

for (const [key, value, request] of rows) {
  test(`${key} is ${value} in a trust policy`, async () => {
    const operator = key.endsWith('TagKeys') ? 'ForAnyValue:StringEquals' : 'StringEquals';
    const answers = [value, `${value}x`].map((each) => ({ [operator]: { [key]: each } }));
    const [right, wrong] = [answers[0] ?? {}, answers[1] ?? {}];
    assert.equal(await allows(right, request), true);
    assert.equal(await allows(wrong, request), false);
    if (request !== undefined) assert.equal(await allows(right), false, 'the key is absent');
  });
}

test('aws:MultiFactorAuthPresent is absent for a long-term key in a trust policy', async () => {
  assert.equal(await allows({ Null: { 'aws:MultiFactorAuthPresent': 'true' } }), true);
  assert.equal(await allows({ Bool: { 'aws:MultiFactorAuthPresent': 'false' } }), false);
});

test('GetSessionToken: a session lasts from 15 minutes to 36 hours', async () => {
  for (const DurationSeconds of [899, 129_601]) {
    await assert.rejects(sts.send(new GetSessionTokenCommand({ DurationSeconds })), {
      name: 'ValidationError',
    });
  }
  for (const DurationSeconds of [900, 129_600]) {
    const { Credentials } = await sts.send(new GetSessionTokenCommand({ DurationSeconds }));
    const endMs = plane.machine.clock.nowMs() + DurationSeconds * 1000;
    assert.equal(Credentials?.Expiration?.getTime(), endMs);
  }
});

test('AssumeRole: names, durations and ids outside of their limits are refused', async () => {
  await allows({});
  const requests: readonly Partial<AssumeRoleCommandInput>[] = [
    { RoleSessionName: 'x' },
    { RoleSessionName: 'x'.repeat(65) },
    { RoleSessionName: 'a b' },
    { DurationSeconds: 899 },
    { DurationSeconds: 3601 },
    { ExternalId: 'x' },
    { ExternalId: 'x'.repeat(1225) },
    { SourceIdentity: 'x' },
    { Policy: '' },
    { Tags: [...Tags, { Key: 'TEAM', Value: 'x' }] },
  ];
  for (const request of requests) {
    await assert.rejects(
      assume(sts, 'trusting', request),
      ({ name }: Error) => ['ValidationError', 'InvalidParameterValue'].includes(name),
      JSON.stringify(request),
    );
  }
});
