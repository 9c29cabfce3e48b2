import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allow, deny, policyOf } from '../../../tests/support/principal-policies.ts';
import { compileStored } from './compile-policy.ts';
import { type ApplicablePolicies, denialMessage, evaluate } from './evaluate.ts';
import type { PolicyPrincipal } from './principals.ts';
import type { ContextValue } from './scope.ts';

const accountId = '111122223333';
const iam = `arn:aws:iam::${accountId}`;
const user: PolicyPrincipal = { accountId, arn: `${iam}:user/anna`, isRoot: false };
const session: PolicyPrincipal = {
  accountId,
  arn: `arn:aws:sts::${accountId}:assumed-role/ops/s1`,
  issuerArn: `${iam}:role/ops`,
  isRoot: false,
};
const broker = `arn:aws:mq:us-west-2:${accountId}:broker:orders:b-1`;

function decide(
  policies: Partial<ApplicablePolicies>,
  {
    principal = user,
    action = 'mq:DescribeBroker',
    resource = broker,
    values = {},
  }: {
    principal?: PolicyPrincipal;
    action?: string;
    resource?: string;
    values?: Record<string, ContextValue>;
  } = {},
) {
  const found = new Map(Object.entries(values).map(([key, value]) => [key.toLowerCase(), value]));
  const applicable = { identity: [], isAccountRoot: false, ...policies };
  const decision = evaluate({ principal, action, resource, values: found }, applicable);
  const { outcome, by } = decision;
  const message = denialMessage(principal.arn, action, resource, decision);
  return { outcome, by, matched: decision.matched, message };
}

const identity = [policyOf('identity', allow('mq:*'))];
const start = `User: ${user.arn} is not authorized to perform: mq:DescribeBroker on resource: ${broker}`;
const naming = (arn: string, Effect = 'Allow') =>
  policyOf('resource', { Effect, Principal: { AWS: arn }, Action: 'mq:*', Resource: '*' });

test('without policies, access is implicitly denied with the identity-based policy message', () => {
  const { outcome, message } = decide({});
  assert.equal(outcome, 'implicitDeny');
  assert.equal(
    message,
    `${start} because no identity-based policy allows the mq:DescribeBroker action`,
  );
});

test('an explicit deny names the policy kind', () => {
  const denied = deny('mq:*');
  for (const [policies, kind] of [
    [{ identity: [policyOf('identity', denied)] }, 'an identity-based policy'],
    [{ identity, boundary: policyOf('boundary', allow('*'), denied) }, 'a permissions boundary'],
    [{ identity, session: [policyOf('session', allow('*'), denied)] }, 'a session policy'],
    [{ identity, resource: naming(user.arn, 'Deny') }, 'a resource-based policy'],
  ] as const) {
    const { outcome, message } = decide(policies);
    assert.deepEqual(
      [outcome, message],
      ['explicitDeny', `${start} with an explicit deny in ${kind}`],
    );
  }
});

test('a boundary or session policy without an Allow denies and is named in the message', () => {
  const silent = allow('kms:*');
  assert.match(
    decide({ identity, boundary: policyOf('boundary', silent) }).message,
    /because no permissions boundary allows the mq:DescribeBroker action$/,
  );
  assert.match(
    decide({ identity, session: [policyOf('session', silent)] }).message,
    /because no session policy allows the mq:DescribeBroker action$/,
  );
  assert.equal(decide({ identity, session: [] }).outcome, 'implicitDeny');
});

test('one of several session policies is enough to allow', () => {
  const policies = [policyOf('session', allow('kms:*')), policyOf('session', allow('mq:*'))];
  assert.equal(decide({ identity, session: policies }).outcome, 'allowed');
});

test('a resource policy that names the user allows access despite the permissions boundary', () => {
  const boundary = policyOf('boundary', allow('kms:*'));
  assert.deepEqual(decide({ boundary, resource: naming(user.arn) }).by, 'resource');
  assert.equal(decide({ boundary, resource: naming(user.arn) }).outcome, 'allowed');
});

test('a resource policy that names a role is limited by its boundary and session policies', () => {
  const boundary = policyOf('boundary', allow('kms:*'));
  const resource = naming(session.issuerArn ?? '');
  const by = { principal: session };
  assert.equal(decide({ resource }, by).outcome, 'allowed');
  assert.equal(decide({ resource, boundary }, by).by, 'boundary');
  assert.equal(decide({ resource, session: [boundary] }, by).by, 'session');
  assert.equal(decide({ resource: naming(session.arn), boundary }, by).outcome, 'allowed');
});

test('a resource policy that names the account delegates to identity policies', () => {
  const resource = naming(`${iam}:root`);
  assert.equal(decide({ resource }).by, 'identity');
  assert.equal(decide({ resource, identity }).outcome, 'allowed');
});

test('cross-account access must be allowed by both accounts', () => {
  const resourceAccountId = '444455556666';
  assert.equal(decide({ identity, resourceAccountId }).by, 'resource');
  const resource = naming(user.arn);
  assert.equal(decide({ resource, resourceAccountId }).by, 'identity');
  assert.equal(decide({ resource, resourceAccountId, identity }).outcome, 'allowed');
});

test('the root user needs no policy, except on resources whose policy decides', () => {
  const root: PolicyPrincipal = { accountId, arn: `${iam}:root`, isRoot: true };
  const by = { principal: root };
  assert.equal(decide({ isAccountRoot: true }, by).outcome, 'allowed');
  const required = { isAccountRoot: true, isResourcePolicyRequired: true };
  assert.equal(decide({ ...required, resource: naming(user.arn) }, by).by, 'resource');
  assert.equal(decide({ ...required, resource: naming(root.arn) }, by).outcome, 'allowed');
  assert.equal(
    decide({ isAccountRoot: true, resource: naming(root.arn, 'Deny') }, by).outcome,
    'explicitDeny',
  );
});

test('services have only the access that resource policies and grants give them', () => {
  const service = { accountId: '', arn: '', service: 'mq.amazonaws.com', isRoot: false };
  const by = { principal: service };
  assert.equal(decide({}, by).outcome, 'implicitDeny');
  const Principal = { Service: 'mq.amazonaws.com' };
  const resource = policyOf('resource', { ...allow('mq:*'), Principal });
  assert.equal(decide({ resource }, by).outcome, 'allowed');
  assert.equal(decide({ grant: 'direct' }, by).by, 'grant');
});

test('an invalid stored policy denies everything', () => {
  const broken = compileStored('{"Statement":', 'identity');
  assert.equal(decide({ identity: [...identity, broken] }).outcome, 'explicitDeny');
});

test('an evaluation that needs too many comparisons is denied', () => {
  const key = 'kms:EncryptionContext:x';
  const values = { [key]: 'a'.repeat(8000) };
  for (const condition of [
    { StringLike: { [key]: `*${'a'.repeat(1000)}b` } },
    { StringEquals: { [key]: Array(400).fill(`\${${key}}b`) } },
    { StringEqualsIgnoreCase: { [key]: Array(400).fill('b') } },
    { ArnLike: { [key]: Array(400).fill('arn:*') } },
  ]) {
    const policy = policyOf('identity', allow('*'), { ...deny('*'), Condition: condition });
    const { outcome, message } = decide({ identity: [policy] }, { values });
    assert.equal(outcome, 'explicitDeny', Object.keys(condition).join());
    assert.match(message, /need too many comparisons$/);
  }
});

test('a wildcard does not match across the colons of an ARN', () => {
  const allows = (resource: string) =>
    decide({ identity: [policyOf('identity', allow('mq:*', resource))] }).outcome === 'allowed';
  assert.ok(allows(`arn:aws:mq:*:${accountId}:broker:*`));
  assert.ok(allows('arn:aws:mq:us-west-2:*:broker:*:b-1'));
  assert.ok(!allows('arn:aws:mq:*:broker:*:b-1'));
  assert.ok(!allows(`arn:aws:mq:us-west-2:*b-1:*`));
  // Missing parts match everything.
  assert.ok(allows('arn:aws:mq'));
  assert.ok(!allows('arn:aws:kms'));
});

test('variables are replaced with request values, which are matched literally', () => {
  const resource = 'arn:aws:iam::*:user/${aws:username}';
  const identity = [policyOf('identity', allow('iam:*', resource))];
  const ask = { action: 'iam:GetUser', resource: `${iam}:user/anna` };
  const outcomeFor = (values: Record<string, ContextValue>) =>
    decide({ identity }, { ...ask, values }).outcome;
  assert.equal(outcomeFor({ 'aws:username': 'anna' }), 'allowed');
  assert.equal(outcomeFor({ 'aws:username': 'otto' }), 'implicitDeny');
  assert.equal(outcomeFor({ 'aws:username': '*' }), 'implicitDeny');
  assert.equal(outcomeFor({ 'aws:username': ['anna'] }), 'implicitDeny');
  assert.equal(outcomeFor({}), 'implicitDeny');
});

test('a variable without a value neither widens an Allow nor narrows a negated Deny', () => {
  const Condition = { StringNotEquals: { 'aws:ResourceTag/team': '${aws:PrincipalTag/team}' } };
  const values = { 'aws:ResourceTag/team': 'orders' };
  const allowing = [policyOf('identity', { ...allow('mq:*'), Condition })];
  assert.equal(decide({ identity: allowing }, { values }).outcome, 'implicitDeny');
  const denying = [...identity, policyOf('identity', { ...deny('mq:*'), Condition })];
  assert.equal(decide({ identity: denying }, { values }).outcome, 'explicitDeny');
  const NotResource = 'arn:aws:mq:*:*:broker:${aws:PrincipalTag/team}:*';
  const others = (Effect: string) => policyOf('identity', { Effect, Action: 'mq:*', NotResource });
  assert.equal(decide({ identity: [others('Allow')] }).outcome, 'implicitDeny');
  assert.equal(decide({ identity: [...identity, others('Deny')] }).outcome, 'explicitDeny');
});

test('for keys that differ only in case, Allow needs all values and Deny needs one', () => {
  const Condition = { StringEquals: { 'aws:ResourceTag/team': 'orders' } };
  const values = { 'aws:ResourceTag/team': { variants: ['orders', 'billing'] } };
  const allowing = [policyOf('identity', { ...allow('mq:*'), Condition })];
  assert.equal(decide({ identity: allowing }, { values }).outcome, 'implicitDeny');
  const denying = [...identity, policyOf('identity', { ...deny('mq:*'), Condition })];
  assert.equal(decide({ identity: denying }, { values }).outcome, 'explicitDeny');
});

test('Deny with NotPrincipal exempts the named principal, unless it has a boundary', () => {
  const NotPrincipal = { AWS: user.arn };
  const resource = policyOf('resource', { ...deny('mq:*'), NotPrincipal });
  const boundary = policyOf('boundary', allow('*'));
  assert.equal(decide({ identity, resource }).outcome, 'allowed');
  assert.equal(decide({ identity, resource }, { principal: session }).outcome, 'explicitDeny');
  assert.equal(decide({ identity, resource, boundary }).outcome, 'explicitDeny');
});

test('a decision names the statement that caused it', () => {
  const policy = policyOf(
    'identity',
    { ...allow('kms:*'), Sid: 'A' },
    { ...allow('mq:*'), Sid: 'B' },
  );
  const [matched, ...more] = decide({ identity: [policy] }).matched;
  assert.deepEqual(
    [matched?.sid, matched?.index, matched?.effect, more.length],
    ['B', 1, 'Allow', 0],
  );
});

test('an IPv4-mapped address or block in a condition matches IPv4 addresses', () => {
  const within = (block: string, address: string) => {
    const Condition = { IpAddress: { 'aws:SourceIp': block } };
    const limited = [policyOf('identity', { ...allow('mq:*'), Condition })];
    return decide({ identity: limited }, { values: { 'aws:SourceIp': address } }).outcome;
  };
  assert.equal(within('::ffff:192.0.2.0/120', '192.0.2.7'), 'allowed');
  assert.equal(within('::ffff:192.0.2.7', '192.0.2.7'), 'allowed');
  assert.equal(within('::ffff:192.0.2.0/120', '192.0.3.7'), 'implicitDeny');
  assert.throws(() => within('::ffff:192.0.2.0/64', '192.0.2.7'), { code: 'malformed-policy' });
});

test('a unique id in a resource policy names the principal with this id, not its namesake', () => {
  const resource = naming('AIDAOLD');
  const withId = (id: string) => decide({ resource }, { principal: { ...user, id } }).outcome;
  assert.deepEqual([withId('AIDAOLD'), withId('AIDANEW')], ['allowed', 'implicitDeny']);
  const ofRole = (issuerId: string) =>
    decide({ resource }, { principal: { ...session, issuerId } });
  assert.equal(ofRole('AIDAOLD').outcome, 'allowed');
  assert.equal(ofRole('AROA').outcome, 'implicitDeny');
});
