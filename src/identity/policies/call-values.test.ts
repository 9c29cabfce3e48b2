import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../../calls/caller.ts';
import { type CallFacts, CallValues, foldedValues, tagValues } from './call-values.ts';

const accountId = '111122223333';
const iam = `arn:aws:iam::${accountId}`;
const nowMs = Date.UTC(2026, 10, 28, 12, 0, 30);

const root: Caller = { type: 'root', accountId, arn: `${iam}:root`, principalId: accountId };
const user: Caller = {
  type: 'user',
  accountId,
  arn: `${iam}:user/dev/anna`,
  principalId: 'AIDAANNA',
  userName: 'anna',
  tags: { team: 'orders', Cost: '1', cost: '2' },
};
const issuedMs = nowMs - 600_000;
const temporary: Caller = { ...user, temporary: { issuedMs } };
const withMfa: Caller = { ...user, temporary: { issuedMs, mfaAtMs: nowMs - 300_000 } };
const session: Caller = {
  type: 'assumed-role',
  accountId,
  arn: `arn:aws:sts::${accountId}:assumed-role/ops/s1`,
  principalId: 'AROA:s1',
  session: {
    roleName: 'ops',
    roleId: 'AROA',
    roleArn: `${iam}:role/ops`,
    createdMs: issuedMs,
    mfaAuthenticated: true,
  },
  temporary: { issuedMs, sourceIdentity: 'anna' },
};
const federated: Caller = {
  type: 'federated-user',
  accountId,
  arn: `arn:aws:sts::${accountId}:federated-user/otto`,
  principalId: `${accountId}:otto`,
  temporary: { issuedMs, issuerArn: user.arn },
};
const service: Caller = {
  type: 'service',
  accountId,
  arn: 'mq.amazonaws.com',
  principalId: 'mq.amazonaws.com',
};

const trail = `arn:aws:cloudtrail:eu-central-1:${accountId}:trail/all`;

function valueFor(caller: Caller, key: string, invokedBy?: string) {
  const call: CallFacts = {
    caller,
    invokedBy,
    sourceArn: trail,
    region: 'eu-central-1',
    sourceIp: '192.0.2.7',
    userAgent: 'aws-cli/2',
    nowMs,
  };
  return new CallValues(call).get(key.toLowerCase());
}

const absent = undefined;
const rows: readonly (readonly [key: string, Caller, expected: unknown, invokedBy?: string])[] = [
  ['aws:SecureTransport', user, 'true'],
  ['aws:CurrentTime', user, '2026-11-28T12:00:30.000Z'],
  ['aws:EpochTime', user, String(Math.floor(nowMs / 1000))],
  ['aws:UserAgent', user, 'aws-cli/2'],
  ['aws:SourceIp', user, '192.0.2.7'],
  ['aws:SourceIp', user, absent, 'mq.amazonaws.com'],
  ['aws:SourceIp', service, absent],
  ['aws:RequestedRegion', user, 'eu-central-1'],
  ['aws:PrincipalArn', user, user.arn],
  ['aws:PrincipalArn', session, `${iam}:role/ops`],
  ['aws:PrincipalArn', service, absent],
  ['aws:PrincipalAccount', session, accountId],
  ['aws:PrincipalType', root, 'Account'],
  ['aws:PrincipalType', user, 'User'],
  ['aws:PrincipalType', session, 'AssumedRole'],
  ['aws:PrincipalType', federated, 'FederatedUser'],
  ['aws:userid', user, 'AIDAANNA'],
  ['aws:userid', session, 'AROA:s1'],
  ['aws:userid', root, accountId],
  ['aws:username', user, 'anna'],
  ['aws:username', session, absent],
  ['aws:username', root, absent],
  ['aws:PrincipalTag/team', user, 'orders'],
  ['aws:PrincipalTag/TEAM', user, 'orders'],
  ['aws:PrincipalTag/none', user, absent],
  ['aws:PrincipalIsAWSService', service, 'true'],
  ['aws:PrincipalIsAWSService', user, 'false'],
  ['aws:PrincipalServiceName', service, 'mq.amazonaws.com'],
  ['aws:PrincipalServiceName', user, absent],
  ['aws:MultiFactorAuthPresent', user, absent],
  ['aws:MultiFactorAuthPresent', root, absent],
  ['aws:MultiFactorAuthPresent', temporary, 'false'],
  ['aws:MultiFactorAuthPresent', withMfa, 'true'],
  ['aws:MultiFactorAuthPresent', session, 'false'],
  ['aws:MultiFactorAuthAge', withMfa, '300'],
  ['aws:MultiFactorAuthAge', temporary, absent],
  ['aws:TokenIssueTime', session, '2026-11-28T11:50:30.000Z'],
  ['aws:TokenIssueTime', user, absent],
  ['aws:SourceIdentity', session, 'anna'],
  ['aws:SourceIdentity', user, absent],
  ['aws:ViaAWSService', user, 'false'],
  ['aws:ViaAWSService', user, 'true', 'mq.amazonaws.com'],
  ['aws:CalledViaFirst', user, 'mq.amazonaws.com', 'mq.amazonaws.com'],
  ['aws:CalledViaLast', user, absent],
  ['aws:SourceArn', service, trail],
  ['aws:SourceArn', user, absent],
  ['aws:SourceArn', user, absent, 'mq.amazonaws.com'],
  ['aws:SourceAccount', service, accountId],
  ['aws:SourceAccount', user, absent],
  ['aws:SourceVpc', user, absent],
  ['aws:SourceVpce', user, absent],
];

for (const [key, caller, expected, invokedBy] of rows) {
  const through = invokedBy === undefined ? '' : ` through ${invokedBy}`;
  const kind =
    caller.temporary && caller.type === 'user' ? 'user with a session token' : caller.type;
  test(`${key} of a ${kind}${through} is ${String(expected ?? 'absent')}`, () => {
    assert.deepEqual(valueFor(caller, key, invokedBy), expected);
  });
}

test('aws:CalledVia lists the service that calls on behalf of a user', () => {
  assert.deepEqual(valueFor(user, 'aws:CalledVia', 'mq.amazonaws.com'), ['mq.amazonaws.com']);
  assert.equal(valueFor(user, 'aws:CalledVia'), undefined);
});

test('tags whose keys differ only in case keep all their values', () => {
  assert.deepEqual(valueFor(user, 'aws:PrincipalTag/cost'), { variants: ['1', '2'] });
  const tags = tagValues('aws:ResourceTag', { Team: 'a', team: 'b' });
  assert.deepEqual(foldedValues(tags).get('aws:resourcetag/team'), { variants: ['a', 'b'] });
});

test('values of the operation override those of the call', () => {
  const own = foldedValues({ 'aws:RequestedRegion': 'us-east-1', 'aws:TagKeys': undefined });
  const call = {
    caller: user,
    invokedBy: undefined,
    region: 'x',
    sourceIp: '',
    userAgent: '',
    nowMs,
  };
  const values = new CallValues(call, own);
  assert.deepEqual(
    [values.get('aws:requestedregion'), values.get('aws:tagkeys')],
    ['us-east-1', undefined],
  );
});
