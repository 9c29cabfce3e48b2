import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextKeysOf } from './context-keys.ts';

const text = (Version: string, ...Statement: object[]) => JSON.stringify({ Version, Statement });
const onOwn = {
  Effect: 'Allow',
  Action: 'iam:*',
  Resource: ['arn:aws:iam::*:user/${aws:username}', 'arn:aws:iam::*:mfa/${*}'],
};

test('the keys of conditions and variables are listed as written, each once', () => {
  const limited = {
    Effect: 'Deny',
    Action: '*',
    NotResource: "arn:aws:mq:*:*:broker:${aws:PrincipalTag/team, 'none'}:*",
    Condition: {
      Bool: { 'aws:SecureTransport': 'false', 'AWS:UserName': 'x' },
      StringEquals: {
        'aws:ResourceTag/team': ['a', '${aws:PrincipalTag/team}', '${sts:ExternalId}'],
      },
    },
  };
  assert.deepEqual(contextKeysOf(text('2012-10-17', onOwn, limited)), [
    'aws:username',
    'aws:PrincipalTag/team',
    'aws:SecureTransport',
    'aws:ResourceTag/team',
    'sts:ExternalId',
  ]);
});

test('a policy of version 2008-10-17 has no variables', () => {
  assert.deepEqual(contextKeysOf(text('2008-10-17', onOwn)), []);
});

test('a single statement that is not in a list is read', () => {
  const Statement = { ...onOwn, Condition: { IpAddress: { 'aws:SourceIp': '::1/128' } } };
  const document = JSON.stringify({ Version: '2012-10-17', Statement });
  assert.deepEqual(contextKeysOf(document), ['aws:username', 'aws:SourceIp']);
});

test('a document that is not valid has no keys', () => {
  for (const broken of ['', '{', '[]', 'null', '{"Statement":[null,1,{"Condition":[1]}]}']) {
    assert.deepEqual(contextKeysOf(broken), []);
  }
});
