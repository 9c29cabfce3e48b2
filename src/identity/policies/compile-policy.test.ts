import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy, compileStored } from './compile-policy.ts';
import type { PolicyKind } from './compiled-policy.ts';

const version = '2012-10-17';
const statement = { Effect: 'Allow', Action: 'mq:*', Resource: '*' };
const everyone = { ...statement, Principal: '*' };
const trusting = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: '111122223333' } };

const withOne = (changed: object, base: object = statement) =>
  JSON.stringify({ Version: version, Statement: [{ ...base, ...changed }] });

/** A document that is refused, with a part of the message. */
const refused: readonly (readonly [title: string, PolicyKind, string, RegExp])[] = [
  ['text that is not JSON', 'identity', '{', /not valid JSON/],
  ['a list', 'identity', '[]', /not a JSON object/],
  ['null', 'identity', 'null', /not a JSON object/],
  [
    'a repeated member',
    'identity',
    '{"Statement":[],"Statement":[]}',
    /two members named Statement/,
  ],
  ['an unknown version', 'identity', '{"Version":"2026-01-01","Statement":[]}', /2012-10-17 and/],
  ['an unknown element', 'identity', '{"Statment":[]}', /unknown element: Statment; .*Statement/],
  ['no Statement', 'identity', '{}', /no Statement/],
  ['an empty list of statements', 'identity', '{"Statement":[]}', /no statement/],
  ['an Id that is not a string', 'identity', '{"Id":1,"Statement":[]}', /Id/],
  ['a statement that is a text', 'identity', '{"Statement":"x"}', /not a JSON object/],
  ['an unknown element of a statement', 'identity', withOne({ action: 'x' }), /element: action/],
  ['no Effect', 'identity', withOne({ Effect: undefined }), /neither Allow nor Deny/],
  ['an Effect in lower case', 'identity', withOne({ Effect: 'allow' }), /neither Allow nor Deny/],
  ['no Action', 'identity', withOne({ Action: undefined }), /must contain actions/],
  ['Action and NotAction', 'identity', withOne({ NotAction: 'mq:*' }), /both Action and NotAction/],
  ['an empty list of actions', 'identity', withOne({ Action: [] }), /empty list/],
  ['an action without a prefix', 'identity', withOne({ Action: 'CreateBroker' }), /prefix/],
  ['an action with a variable', 'identity', withOne({ Action: 'mq:${aws:username}' }), /prefix/],
  ['no Resource', 'identity', withOne({ Resource: undefined }), /must contain resources/],
  ['a resource that is no ARN', 'identity', withOne({ Resource: 'broker-1' }), /ARNs/],
  ['an unfinished variable', 'identity', withOne({ Resource: 'arn:${aws:username' }), /variable/],
  ['an empty variable', 'identity', withOne({ Resource: 'arn:${}' }), /variable/],
  ['a Principal for a user', 'identity', withOne({}, everyone), /should not specify a principal/],
  ['a Principal in a boundary', 'boundary', withOne({}, everyone), /should not specify/],
  ['a Principal in a session policy', 'session', withOne({}, everyone), /should not specify/],
  ['no Principal in a resource policy', 'resource', withOne({}), /no Principal/],
  ['a Principal that is a list', 'resource', withOne({ Principal: [] }), /Principal/],
  [
    'an unknown type of principal',
    'resource',
    withOne({ Principal: { Aws: '*' } }),
    /element: Aws/,
  ],
  ['a Sid with a space', 'identity', withOne({ Sid: 'a b' }), /letters and digits/],
  ['a Sid that is not a string', 'identity', withOne({ Sid: 1 }), /Sid/],
  ['a Resource in a trust policy', 'trust', withOne({ Resource: '*' }, trusting), /Resource/],
  ['other actions in a trust policy', 'trust', withOne({ Action: 'kms:*' }, trusting), /only.*STS/],
  [
    'a wildcard in a trusted principal',
    'trust',
    withOne({ Principal: { AWS: 'arn:aws:iam::*:root' } }, trusting),
    /Invalid principal in policy/,
  ],
  [
    'NotPrincipal in a trust policy',
    'trust',
    withOne({ Principal: undefined, NotPrincipal: '*' }, trusting),
    /NotPrincipal/,
  ],
  ['conditions in a list', 'identity', withOne({ Condition: [] }), /Condition/],
  [
    'an unknown operator',
    'identity',
    withOne({ Condition: { StringSame: { 'aws:username': 'a' } } }),
    /unknown condition operator: StringSame/,
  ],
  [
    'NullIfExists',
    'identity',
    withOne({ Condition: { NullIfExists: { 'aws:username': 'true' } } }),
    /unknown condition operator/,
  ],
  [
    'a condition key without a prefix',
    'identity',
    withOne({ Condition: { StringEquals: { username: 'a' } } }),
    /prefix/,
  ],
  [
    'a condition without values',
    'identity',
    withOne({ Condition: { StringEquals: { 'aws:username': [] } } }),
    /empty list of values/,
  ],
  [
    'a value that is an object',
    'identity',
    withOne({ Condition: { StringEquals: { 'aws:username': {} } } }),
    /not a string/,
  ],
  ...Object.entries({
    NumericEquals: ['seven', /decimal number/],
    DateLessThan: ['yesterday', /ISO 8601/],
    Bool: ['yes', /true or false/],
    IpAddress: ['192.0.2.0/33', /CIDR/],
    BinaryEquals: ['#', /base64/],
    Null: ['maybe', /true and false/],
  } as const).map(
    ([operator, [value, message]]) =>
      [
        `${operator} with the value ${value}`,
        'identity',
        withOne({ Condition: { [operator]: { 'aws:x': value } } }),
        message,
      ] as const,
  ),
  ['a document that is too long', 'identity', ' '.repeat(131_073), /131073 characters; 131072/],
  [
    'too much content',
    'identity',
    `{"Id":"${'x'.repeat(32_768)}"}`,
    /32777 characters without whitespace; 32768/,
  ],
];

for (const [title, kind, text, message] of refused) {
  test(`${title} is rejected in a policy of kind ${kind}`, () => {
    assert.throws(() => compilePolicy(text, kind), { code: 'malformed-policy', message });
  });
}

test('each policy kind accepts its own form', () => {
  for (const [kind, one] of [
    ['identity', statement],
    ['boundary', statement],
    ['session', statement],
    ['resource', everyone],
    ['trust', trusting],
  ] as const) {
    const policy = compilePolicy(withOne({}, one), kind);
    assert.deepEqual([policy.statements.length, policy.broken], [1, undefined]);
  }
});

test('Sids must be unique in a user policy but not in a key policy', () => {
  const twice = (one: object) =>
    JSON.stringify({
      Version: version,
      Statement: [one, one].map((each) => ({ ...each, Sid: 'A' })),
    });
  assert.throws(() => compilePolicy(twice(statement), 'identity'), /must be unique/);
  assert.equal(compilePolicy(twice(everyone), 'resource').statements.length, 2);
});

test('variables are literal text in policies of version 2008-10-17', () => {
  const text = JSON.stringify({ Statement: [{ ...statement, Resource: 'arn:${aws:username' }] });
  assert.equal(compilePolicy(text, 'identity').statements.length, 1);
});

test('a statement records its start and end lines and columns', () => {
  const text =
    '{\n "Statement": [\n  {"Effect":"Allow","Action":"mq:*","Resource":"*"},\n\n  {"Effect":"Deny",\n"Action":"mq:*","Resource":"arn:{}"}]}';
  const positions = compilePolicy(text, 'identity').statements.map(({ start, end }) => [
    [start.line, start.column],
    [end.line, end.column],
  ]);
  assert.deepEqual(positions, [
    [
      [3, 3],
      [3, 52],
    ],
    [
      [5, 3],
      [6, 37],
    ],
  ]);
  const single = compilePolicy(
    '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
    'identity',
  );
  assert.deepEqual(single.statements[0]?.start, { line: 1, column: 14 });
});

test('an invalid stored policy is marked as broken with the reason', () => {
  const policy = compileStored('{', 'identity');
  assert.equal(policy.broken, 'The policy is not valid JSON.');
});

test('a stored key policy of an earlier release keeps its statements', () => {
  const condition = { NumericLessThan: { 'aws:MultiFactorAuthAge': 'soon' }, Bool: { x: 'yes' } };
  const text = withOne({ Action: 'Decrypt', Resource: 'key', Condition: condition }, everyone);
  assert.throws(() => compilePolicy(text, 'resource'));
  assert.equal(compileStored(text, 'resource').broken, undefined);
});
