import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateGrantCommand,
  EncryptCommand,
  ListGrantsCommand,
  PutKeyPolicyCommand,
  TagResourceCommand,
} from '@aws-sdk/client-kms';
import { createKey } from '../../support/broker-requests.ts';
import { accountId, ControlPlane } from '../../support/control-plane.ts';

const rootArn = `arn:aws:iam::${accountId}:root`;
const manage = ['kms:PutKeyPolicy', 'kms:TagResource', 'kms:CreateGrant', 'kms:DescribeKey'];

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

/** A key whose policy allows the root user to manage it, with additional statements. */
async function keyWith(...statements: readonly object[]): Promise<string> {
  const KeyId = await createKey(plane);
  const Statement = [
    { Effect: 'Allow', Principal: { AWS: rootArn }, Action: manage, Resource: '*' },
    ...statements.map((each) => ({ Principal: { AWS: rootArn }, Resource: '*', ...each })),
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await plane.kms.send(new PutKeyPolicyCommand({ KeyId, Policy }));
  return KeyId;
}

/** Whether the root user may encrypt with pairs, given in this order. */
async function allows(KeyId: string, pairs: readonly (readonly [string, string])[]) {
  const EncryptionContext = Object.fromEntries(pairs);
  const Plaintext = Buffer.from('x');
  const call = plane.kms.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }));
  return call.then(
    () => true,
    (error: Error) => {
      assert.equal(error.name, 'AccessDeniedException');
      return false;
    },
  );
}

const tenantIs = (operator: string) => ({
  Condition: { [operator]: { 'kms:EncryptionContext:Tenant': 'a' } },
});
const encrypt = 'kms:Encrypt';
/** U+212A, which is a k in lower case. */
const kelvin = '\u212a';

test('a condition matches context keys case-insensitively and context values case-sensitively', async () => {
  const key = await keyWith({ Effect: 'Allow', Action: encrypt, ...tenantIs('StringEquals') });
  assert.equal(await allows(key, [['Tenant', 'a']]), true);
  assert.equal(await allows(key, [['tenant', 'a']]), true);
  assert.equal(await allows(key, [['Tenant', 'A']]), false);
  assert.equal(await allows(key, [['Other', 'a']]), false);
});

test('an Allow requires all context pairs whose keys differ only in case to match', async () => {
  const [equals, notEquals] = [
    await keyWith({ Effect: 'Allow', Action: encrypt, ...tenantIs('StringEquals') }),
    await keyWith({ Effect: 'Allow', Action: encrypt, ...tenantIs('StringNotEquals') }),
  ];
  for (const names of [
    ['Tenant', 'tenant'],
    ['tenant', 'Tenant'],
    ['TENANT', 'tenant'],
  ]) {
    const pairs = (...values: string[]) => names.map((n, i) => [n, values[i] ?? ''] as const);
    assert.equal(await allows(equals, pairs('a', 'a')), true);
    assert.equal(await allows(equals, pairs('a', 'b')), false);
    assert.equal(await allows(equals, pairs('b', 'a')), false);
    assert.equal(await allows(notEquals, pairs('b', 'c')), true);
    assert.equal(await allows(notEquals, pairs('a', 'b')), false);
    assert.equal(await allows(notEquals, pairs('b', 'a')), false);
  }
});

test('a Deny needs only one matching pair among context keys that differ only in case', async () => {
  const allow = { Effect: 'Allow', Action: encrypt };
  const deny = { Effect: 'Deny', Action: encrypt };
  const equals = await keyWith(allow, { ...deny, ...tenantIs('StringEquals') });
  const notEquals = await keyWith(allow, { ...deny, ...tenantIs('StringNotEquals') });
  for (const names of [
    ['Tenant', 'tenant'],
    ['tenant', 'Tenant'],
  ]) {
    const pairs = (...values: string[]) => names.map((n, i) => [n, values[i] ?? ''] as const);
    assert.equal(await allows(equals, pairs('a', 'b')), false);
    assert.equal(await allows(equals, pairs('b', 'a')), false);
    assert.equal(await allows(equals, pairs('b', 'c')), true);
    assert.equal(await allows(notEquals, pairs('a', 'b')), false);
    assert.equal(await allows(notEquals, pairs('b', 'a')), false);
    assert.equal(await allows(notEquals, pairs('a', 'a')), true);
  }
});

test('context keys that match only after Unicode lowercasing collide too', async () => {
  const Condition = { StringEquals: { 'kms:EncryptionContext:k': 'a' } };
  const key = await keyWith({ Effect: 'Allow', Action: encrypt, Condition });
  assert.equal(
    await allows(key, [
      ['k', 'a'],
      [kelvin, 'b'],
    ]),
    false,
  );
  assert.equal(
    await allows(key, [
      [kelvin, 'b'],
      ['k', 'a'],
    ]),
    false,
  );
  assert.equal(
    await allows(key, [
      ['k', 'a'],
      ['é', 'b'],
      ['e\u0301', 'c'],
    ]),
    true,
  );
});

test('kms:EncryptionContextKeys is case-sensitive', async () => {
  const Condition = { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['Tenant'] } };
  const key = await keyWith({ Effect: 'Allow', Action: encrypt, Condition });
  assert.equal(await allows(key, [['Tenant', 'a']]), true);
  assert.equal(await allows(key, [['tenant', 'a']]), false);
  assert.equal(
    await allows(key, [
      ['Tenant', 'a'],
      ['tenant', 'a'],
    ]),
    false,
  );
});

test('names of JavaScript object members are ordinary context keys', async () => {
  const Condition = { Null: { 'kms:EncryptionContext:constructor': 'true' } };
  const key = await keyWith({ Effect: 'Allow', Action: encrypt, Condition });
  assert.equal(await allows(key, [['a', 'b']]), true);
  assert.equal(await allows(key, [['constructor', 'b']]), false);
  assert.equal(await allows(key, [['__proto__', 'b']]), true);
});

test('an Allow requires all tags whose keys differ only in case to match', async () => {
  const Condition = { StringEquals: { 'aws:ResourceTag/team': 'shop' } };
  const both = [
    ['team', 'Team'],
    ['Team', 'team'],
  ] as const;
  for (const [right, wrong] of both) {
    for (const order of [
      [right, wrong],
      [wrong, right],
    ]) {
      const KeyId = await keyWith({ Effect: 'Allow', Action: encrypt, Condition });
      const tag = (TagKey: string, TagValue: string) =>
        plane.kms.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey, TagValue }] }));
      for (const name of order) await tag(name, 'shop');
      assert.equal(await allows(KeyId, [['a', 'b']]), true);
      await tag(wrong, 'other');
      assert.equal(await allows(KeyId, [['a', 'b']]), false);
    }
  }
});

test('a policy with a duplicate member in an object is refused', async () => {
  const KeyId = await createKey(plane);
  const Policy = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Effect":"Allow"}}`;
  await assert.rejects(plane.kms.send(new PutKeyPolicyCommand({ KeyId, Policy })), {
    name: 'MalformedPolicyDocumentException',
    message: 'The policy has an object with two members named Effect.',
  });
});

const pair = { a: 'b' };
const wrongConstraints = [
  { EncryptionContextSubset: pair, EncryptionContextEquals: pair },
  { EncryptionContextSubset: {}, EncryptionContextEquals: {} },
  { EncryptionContextSubset: {} },
  { EncryptionContextEquals: {} },
  { EncryptionContextEquals: { ['k'.repeat(8192)]: '' } },
];

test('an empty constraint beside one with pairs is ignored', async () => {
  const KeyId = await createKey(plane);
  const grant = { KeyId, GranteePrincipal: rootArn, Operations: ['Decrypt' as const] };
  const Constraints = { EncryptionContextSubset: {}, EncryptionContextEquals: pair };
  const { GrantId } = await plane.kms.send(new CreateGrantCommand({ ...grant, Constraints }));
  const { Grants } = await plane.kms.send(new ListGrantsCommand({ KeyId, GrantId }));
  assert.deepEqual(Grants?.[0]?.Constraints, { EncryptionContextEquals: pair });
});

test('a grant has at most one encryption context constraint, which must not be empty', async () => {
  const KeyId = await createKey(plane);
  for (const Constraints of wrongConstraints) {
    const grant = { KeyId, GranteePrincipal: rootArn, Operations: ['Decrypt' as const] };
    const call = plane.kms.send(new CreateGrantCommand({ ...grant, Constraints }));
    await assert.rejects(call, { name: 'ValidationException' });
  }
});
