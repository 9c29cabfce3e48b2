import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageFolder } from '../../base/package-folder.ts';
import { breadthOf } from './policy-breadth.ts';

const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const allow = (Action: string | string[], Resource: string | string[], more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const key = 'arn:aws:kms:*:*:key/*';
const tagged = { Condition: { StringEquals: { 'aws:ResourceTag/team': 'a' } } };

const cases: readonly [title: string, statement: object, expected: string | undefined][] = [
  ['every action', allow('*', key), 'every action'],
  ['every action of a service', allow('kms:*', key), 'every action of kms'],
  [
    'all actions but some',
    { Effect: 'Allow', NotAction: 'iam:*', Resource: key },
    'every action except some (NotAction)',
  ],
  [
    'a change on every resource',
    allow(['mq:ListBrokers', 'mq:DeleteBroker'], '*'),
    'mq:DeleteBroker on every resource',
  ],
  [
    'a change on every resource by a pattern',
    allow('mq:Del*', '*'),
    'mq:DeleteBroker on every resource',
  ],
  [
    'a change on all resources but one',
    { Effect: 'Allow', Action: 'kms:Decrypt', NotResource: key },
    'kms:Decrypt on every resource',
  ],
  ['a change on every resource with a condition', allow('mq:DeleteBroker', '*', tagged), undefined],
  ['a change on named resources', allow('kms:Decrypt', key), undefined],
  ['reading every resource', allow(['mq:Describe*', 'mq:List*'], '*'), undefined],
  ['an action without resources', allow('mq:CreateBroker', '*'), undefined],
  ['a deny', { Effect: 'Deny', Action: '*', Resource: '*' }, undefined],
];

for (const [title, statement, expected] of cases) {
  test(`breadth of a policy with ${title}: ${expected ?? 'none'}`, () => {
    assert.equal(breadthOf(document(statement)), expected);
  });
}

test('a document that is not valid allows nothing', () => {
  assert.equal(breadthOf('{'), undefined);
});

test('no example policy is wide', () => {
  const folder = join(packageFolder, 'examples', 'policies');
  const wide = readdirSync(folder).filter(
    (file) => breadthOf(readFileSync(join(folder, file), 'utf8')) !== undefined,
  );
  assert.deepEqual(wide, []);
});
